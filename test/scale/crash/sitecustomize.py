"""Stands for a decoder that a photo crashes: on the path of a Python process, it ends the process that opens crash.jpg."""
import os
import signal

try:
    from PIL import Image

    opened = Image.open

    def open(file, *more, **options):
        if str(file).endswith('crash.jpg'):
            os.kill(os.getpid(), signal.SIGSEGV)
        return opened(file, *more, **options)

    Image.open = open
except ImportError:
    pass
