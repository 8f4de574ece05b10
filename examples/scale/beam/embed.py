"""Beam: the jobs are elements, which a DoFn embeds. Here the direct runner's processes run it; Beam's own options name another."""
import time

import apache_beam as beam
import photos
from apache_beam.options.pipeline_options import PipelineOptions


class Embed(beam.DoFn):
    def process(self, job):
        yield photos.run(job)


def main():
    options = photos.arguments(__doc__)
    started = time.perf_counter()
    jobs = photos.jobs_to_do(options)
    here = ['--runner=DirectRunner', '--direct_running_mode=multi_processing', f'--direct_num_workers={options.workers}']
    if jobs:
        with beam.Pipeline(options=PipelineOptions(here)) as pipeline:
            # Without the shuffle all jobs would be one bundle, in one worker.
            pipeline | beam.Create(jobs) | beam.Reshuffle() | beam.ParDo(Embed()) | beam.CombineGlobally(sum)
    photos.report(options, started)


if __name__ == '__main__':
    main()
