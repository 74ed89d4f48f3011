import { ApiError } from '@monlight/ui/api.ts';
import { signIn, signInNeeded } from '@monlight/ui/session.ts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { uploadMap } from './upload.ts';

interface Sent {
  headers: Record<string, string>;
  form: FormData;
}

let replies: { status: number; body: string; retryAfter?: string }[];
let sent: Sent[];

/** Answers at once with the next of the replies; without one it breaks off. */
class FakeRequest {
  status = 0;
  responseText = '';
  upload: { onprogress?: (event: unknown) => void } = {};
  onload: () => void = () => undefined;
  onerror: () => void = () => undefined;
  onabort: () => void = () => undefined;
  #headers: Record<string, string> = {};
  #retryAfter: string | null = null;

  open() {}
  setRequestHeader(name: string, value: string) {
    this.#headers[name] = value;
  }
  getResponseHeader() {
    return this.#retryAfter;
  }
  abort() {
    this.onabort();
  }
  send(form: FormData) {
    sent.push({ headers: this.#headers, form });
    this.upload.onprogress?.({ lengthComputable: true, loaded: 1, total: 4 });
    const reply = replies.shift();
    if (!reply) return this.onerror();
    this.status = reply.status;
    this.responseText = reply.body;
    this.#retryAfter = reply.retryAfter ?? null;
    this.onload();
  }
}

const MAP = { project: 'shop', release: '1', file_url: '~/app.js', file: new File(['{}'], 'app.js.map') };
const send = (onProgress = (_: number) => undefined as void) => uploadMap(MAP, { onProgress, signal: new AbortController().signal });

beforeEach(() => {
  replies = [];
  sent = [];
  vi.stubGlobal('XMLHttpRequest', FakeRequest);
});
afterEach(() => vi.unstubAllGlobals());

test('the fields come before the file, and the progress is told', async () => {
  replies = [{ status: 201, body: '{"id":7}' }];
  const shares: number[] = [];
  const stored = await send((share) => void shares.push(share));

  expect(stored).toEqual({ id: 7 });
  expect([...sent[0]!.form.keys()]).toEqual(['project', 'release', 'file_url', 'map_content']);
  expect(sent[0]?.headers['X-Monlight-UI']).toBe('1');
  expect(shares).toEqual([0.25]);
});

test('the reason of a refusal is passed on', async () => {
  replies = [{ status: 400, body: '{"detail":"map_content: the version is not 3"}' }];

  await expect(send()).rejects.toThrow('map_content: the version is not 3');
});

test('a service that is busy says when to come again', async () => {
  replies = [{ status: 503, body: '{"detail":"other source maps are being stored"}', retryAfter: '10' }];

  await expect(send()).rejects.toMatchObject({ status: 503, retryAfterSeconds: 10 });
});

test('a connection that breaks says so', async () => {
  await expect(send()).rejects.toEqual(expect.any(ApiError));
});

test('an expired session is renewed and the upload sent again', async () => {
  replies = [{ status: 401, body: '{}' }, { status: 201, body: '{"id":7}' }];
  const upload = send();
  await vi.waitFor(() => expect(signInNeeded.value).toBe(true));
  vi.stubGlobal('fetch', async () => new Response(null, { status: 204 }));
  await signIn('key');

  expect(await upload).toEqual({ id: 7 });
  expect(sent).toHaveLength(2);
});
