"""Ray: the jobs are rows of a data set, which actors embed. Here it is one machine; `RAY_ADDRESS` names another cluster."""
import os
import time

import photos
import ray


class Embed:
    """One worker. Its session stays open from job to job."""

    def __call__(self, row):
        job = photos.Job.from_json(row['job'])
        return {'job': job.name, 'photos': photos.run(job)}


def main():
    options = photos.arguments(__doc__)
    started = time.perf_counter()
    jobs = photos.jobs_to_do(options)
    ray.init(
        address=os.environ.get('RAY_ADDRESS'),
        num_cpus=None if 'RAY_ADDRESS' in os.environ else options.workers,
        include_dashboard=False,
        # Everything that a worker imports beside installed packages; `py_modules` would send it to other machines.
        runtime_env={'env_vars': {'PYTHONPATH': os.environ['PYTHONPATH']}},
    )
    if jobs:
        rows = ray.data.from_items([{'job': job.to_json()} for job in jobs], override_num_blocks=len(jobs))
        # An actor that a signal ends is replaced, and its job given to another.
        done = rows.map(Embed, concurrency=options.workers, num_cpus=1, max_restarts=-1, max_task_retries=-1)
        for _ in done.iter_rows():
            pass
    photos.report(options, started)


if __name__ == '__main__':
    main()
