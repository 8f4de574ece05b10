"""The files of `bagssl export --what gradient,update`, and one step with them on the ranks of an MPI communicator."""
import json
import math
from pathlib import Path

import numpy as np
import onnxruntime as ort
from mpi4py import MPI


def read_safetensors(path):  # the header's length, the header, the numbers
    file = Path(path).read_bytes()
    start = 8 + int.from_bytes(file[:8], 'little')
    header = json.loads(file[8:start])
    header.pop('__metadata__', None)
    at = {name: (start + tensor['data_offsets'][0], start + tensor['data_offsets'][1]) for name, tensor in header.items()}
    return {name: np.frombuffer(file[slice(*at[name])], '<f4').reshape(header[name]['shape']) for name in header}


def write_safetensors(path, tensors):
    header, start = {}, 0
    for name, tensor in tensors.items():
        header[name] = {'dtype': 'F32', 'shape': list(tensor.shape), 'data_offsets': [start, start + tensor.nbytes]}
        start += tensor.nbytes
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    parts = [len(text).to_bytes(8, 'little'), text, *(tensor.astype('<f4').tobytes() for tensor in tensors.values())]
    part = Path(path).with_suffix('.part')
    part.write_bytes(b''.join(parts))
    part.rename(path)


class SplitStep:
    def __init__(self, folder, comm, threads=1):
        self.folder, self.comm = Path(folder), comm
        self.manifest = json.loads((self.folder / 'step.json').read_text())
        slices = self.manifest['slices']
        if slices % comm.size:
            raise SystemExit(f'{slices} slices cannot be shared among {comm.size} ranks; export with --slices {comm.size}.')
        each = slices // comm.size
        self.slices = range(comm.rank * each, (comm.rank + 1) * each)  # this rank's
        self.state = read_safetensors(self.folder / 'state.safetensors')
        self.step = self.manifest['position']['step']
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        open_model = lambda name: ort.InferenceSession(self.folder / f'{name}.onnx', options, ['CPUExecutionProvider'])
        self.models = {name: open_model(name) for name in ('project', 'objective', 'gradient', 'update')}

    def run(self, model, given):
        session = self.models[model]
        names = [output.name for output in session.get_outputs()]
        feeds = {each.name: given[each.name] for each in session.get_inputs()}
        return dict(zip(names, session.run(names, feeds)))

    def summed(self, tensors):
        """The sums over all ranks, in one message."""
        flat = np.concatenate([tensor.ravel() for tensor in tensors.values()])
        self.comm.Allreduce(MPI.IN_PLACE, flat)
        ends = np.cumsum([tensor.size for tensor in tensors.values()])
        return {name: part.reshape(tensors[name].shape) for name, part in zip(tensors, np.split(flat, ends[:-1]))}

    def take(self, patches, budget):
        """One step. `patches`: those of this rank's slices, one after another. `budget`: the run's steps. Returns loss and collapse."""
        manifest, state = self.manifest, self.state
        patches = np.split(patches, len(self.slices))
        # All ranks get all projections, and compute the loss of the whole batch.
        mine = np.concatenate([self.run('project', state | {'patches': part})['projection'] for part in patches])
        projections = np.empty((self.comm.size, *mine.shape), np.float32)
        self.comm.Allgather(np.ascontiguousarray(mine), projections)
        objective = self.run('objective', {'projection': projections.reshape(-1, mine.shape[1])})
        slopes = np.split(objective['slope'], manifest['slices'])
        # Each rank computes the gradients of its slices.
        sums = {name: np.zeros(shape, np.float32) for name, shape in manifest['gradients'].items()}
        statistics = {name: np.zeros_like(state[name]) for name in manifest['statistics']}
        for part, slice in zip(patches, self.slices):
            found = self.run('gradient', state | sums | {'patches': part, 'slope': slopes[slice]})
            sums = {name: found[f'{name}.next'] for name in sums}
            statistics = {name: total + found[f'{name}.next'] / manifest['slices'] for name, total in statistics.items()}
        totals = self.summed(sums | statistics)
        # All ranks take the same step.
        schedule = manifest['schedule']
        remaining = 0.5 * (1 + math.cos(math.pi * self.step / budget))
        self.step += 1
        rate = schedule['rate'] * min(1, self.step / max(1, schedule['warmup'])) * remaining
        scalars = {name: np.array(value, np.float32) for name, value in (('rate', rate), ('step', self.step))}
        found = self.run('update', state | totals | scalars)
        self.state = {
            **state,
            **{name: found[f'{name}.next'] for name in manifest['updated']},
            **{name: totals[name] for name in manifest['statistics']},
        }
        return {name: float(objective[name]) for name in ('loss', 'collapse')}

    def save(self):
        """Writes the state beside the models, for another program to continue from."""
        write_safetensors(self.folder / 'state.safetensors', self.state)
        self.manifest['position']['step'] = self.step
        (self.folder / 'step.json').write_text(json.dumps(self.manifest, indent=1))
