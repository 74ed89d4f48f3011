// How far an upload is.
import { binaryText } from '@monlight/ui/number.ts';

export function Progress({ share, size }: { share: number; size: number }) {
  const words = share < 1 ? `${binaryText(Math.round(size * share))} of ${binaryText(size)} sent` : 'The relay reads the map';
  return (
    <div class="upload-progress">
      <div class={`upload-bar ${share < 1 ? '' : 'reading'}`} role="progressbar" aria-label="Upload" aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.floor(share * 100)}>
        <i style={{ width: `${share * 100}%` }} />
      </div>
      <span class="muted" role="status">
        {words}
      </span>
    </div>
  );
}
