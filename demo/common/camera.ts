import { pixelsFrom } from 'bagssl/data';
import type { Pixels } from 'bagssl/patches';
import { Trouble } from './explain.ts';

/** A live camera. */
export interface Camera {
  /** What it shows now; layout `rgba`. */
  still(): Promise<Pixels>;
  /** Lets go of it, so that its light goes out. */
  close(): void;
}

/**
 * Asks for the camera, the one away from the user where there are two, and shows it in a video.
 * @throws Trouble that says why there is none
 */
export async function openCamera(video: HTMLVideoElement): Promise<Camera> {
  const { mediaDevices } = navigator;
  if (!mediaDevices?.getUserMedia) {
    throw new Trouble(
      'This page cannot ask for the camera.',
      'Browsers allow it on https pages only; choose pictures instead.',
    );
  }
  let stream: MediaStream;
  try {
    stream = await mediaDevices.getUserMedia({
      video: { facingMode: 'environment', width: { ideal: 640 }, height: { ideal: 480 } },
    });
  } catch (cause) {
    throw refused(cause as DOMException);
  }
  video.srcObject = stream;
  video.muted = true;
  video.playsInline = true;
  const close = () => {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
  try {
    await video.play();
  } catch (cause) {
    close();
    throw refused(cause as DOMException);
  }
  return { still: () => pixelsFrom(video), close };
}

function refused(cause: DOMException): Trouble {
  switch (cause.name) {
    case 'NotAllowedError':
      return new Trouble(
        'The camera was refused.',
        'Allow it by the sign beside the address and press the button again, or choose pictures instead.',
        { cause },
      );
    case 'NotFoundError':
    case 'OverconstrainedError':
      return new Trouble(
        'There is no camera here.',
        'Connect one and press the button again, or choose pictures instead.',
        { cause },
      );
    default:
      return new Trouble(
        'The camera does not start.',
        'Another program may be using it: close that and press the button again.',
        { cause },
      );
  }
}
