// How far an upload is.
import { binaryText } from '@monlight/ui/number.ts';

export function Progress({ share, size }: { share: number; size: number }) {
  const words = share < 1 ? `${binaryText(Math.round(size * share))} of ${binaryText(size)} sent` : 'The relay reads the map';
  return (
    <div class="upload-progress">
      <progress max={1} value={share < 1 ? share : undefined} aria-label="Upload" />
      <span class="muted" role="status">
        {words}
      </span>
    </div>
  );
}
