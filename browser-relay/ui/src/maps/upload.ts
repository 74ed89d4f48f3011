// Sends a map. By XMLHttpRequest, because `fetch` does not tell how much of a body has been sent.
import { ApiError, problemOf } from '@monlight/ui/api.ts';
import { signInsSoFar, untilSignedIn } from '@monlight/ui/session.ts';

import type { Uploaded } from '../wire.ts';

export interface MapFile {
  project: string;
  release: string;
  file_url: string;
  file: File;
}

export interface Watch {
  /** From 0 to 1; at 1 the service is reading the map. */
  onProgress: (share: number) => void;
  signal: AbortSignal;
}

export async function uploadMap(map: MapFile, watch: Watch): Promise<Uploaded> {
  for (;;) {
    const signIns = signInsSoFar();
    const reply = await sendForm(formOf(map), watch);
    if (reply.status === 401) {
      await untilSignedIn(signIns, watch.signal);
      continue;
    }
    if (!reply.ok) throw await problemOf(reply);
    return (await reply.json()) as Uploaded;
  }
}

function formOf({ project, release, file_url, file }: MapFile): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries({ project, release, file_url })) form.append(name, value);
  form.append('map_content', file);
  return form;
}

function sendForm(form: FormData, { onProgress, signal }: Watch): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', 'api/source-maps');
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('X-Monlight-UI', '1');
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    request.onload = () => {
      const retryAfter = request.getResponseHeader('Retry-After');
      resolve(new Response(request.responseText, { status: request.status, headers: retryAfter === null ? {} : { 'Retry-After': retryAfter } }));
    };
    request.onerror = () => reject(new ApiError(0, 'The upload broke off. The service may be restarting, or the network is down.'));
    request.onabort = () => reject(new DOMException('The request was called off.', 'AbortError'));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(form);
  });
}
