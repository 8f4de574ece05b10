"""Dask: the jobs are futures of a cluster. Here it is one machine's processes; give `Client` a scheduler's address for another."""
import time

import photos
from dask.distributed import Client, LocalCluster, as_completed


def main():
    options = photos.arguments(__doc__)
    started = time.perf_counter()
    jobs = photos.jobs_to_do(options)
    # A worker that a signal ends takes its job with it: another gets the job, until it has ended `allowed-failures` workers.
    with LocalCluster(n_workers=options.workers, threads_per_worker=1) as cluster, Client(cluster) as client:
        futures = client.map(photos.run, jobs, key=[job.name for job in jobs], pure=False)
        for future in as_completed(futures):
            future.result()
    photos.report(options, started)


if __name__ == '__main__':
    main()
