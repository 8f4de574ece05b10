"""Spark: the jobs are rows of a data frame, which `mapInPandas` embeds. `SPARK_MASTER` names another cluster."""
import os
import sys
import time

import pandas as pd
import photos
from pyspark.sql import SparkSession


# Tasks a core: starting one takes a quarter of a second. One that is tried again runs only the jobs that have no shard.
TASKS = 8


def embed(frames):
    for frame in frames:
        jobs = [photos.Job.from_json(text) for text in frame['job']]
        yield pd.DataFrame({'job': [job.name for job in jobs], 'photos': [photos.run(job) for job in jobs]})


def main():
    options = photos.arguments(__doc__)
    started = time.perf_counter()
    jobs = photos.jobs_to_do(options)
    os.environ.setdefault('PYSPARK_PYTHON', sys.executable)  # of the workers
    # local[N, F]: a task whose worker a signal ends is tried again, F times in all.
    spark = SparkSession.builder.master(os.environ.get('SPARK_MASTER', f'local[{options.workers},8]')).getOrCreate()
    if jobs:
        context = spark.sparkContext
        tasks = min(len(jobs), TASKS * context.defaultParallelism)
        rows = context.parallelize([(job.to_json(),) for job in jobs], tasks).toDF('job string')
        rows.mapInPandas(embed, 'job string, photos long').collect()
    photos.report(options, started)
    spark.stop()


if __name__ == '__main__':
    main()
