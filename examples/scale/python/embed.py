"""No engine: one job after another in this process. The engines' vectors are compared with these."""
import time

import photos

options = photos.arguments(__doc__)
started = time.perf_counter()
for job in photos.jobs_to_do(options):
    photos.run(job)
photos.report(options, started)
