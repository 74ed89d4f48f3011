// Uploads one map. What was typed stays for the next one of the same release.
import { isAbort } from '@monlight/ui/api.ts';
import { Dialog } from '@monlight/ui/dialog/Dialog.tsx';
import { showToast } from '@monlight/ui/feedback/toast.ts';
import { binaryText } from '@monlight/ui/number.ts';
import { query } from '@monlight/ui/router.ts';
import { signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import { about } from '../about.ts';
import { Field, fieldProps } from '../form/Field.tsx';
import { formFault, type FormFault } from '../form/fault.ts';
import { mapList, projects, releases, uploading } from './maps-model.ts';
import { Progress } from './Progress.tsx';
import { TextField } from './TextField.tsx';
import { uploadMap } from './upload.ts';
import { addressParts } from './words.ts';

const FIELDS = ['project', 'release', 'file_url', 'map_content'];
const project = signal('');
const release = signal('');
const fileUrl = signal('');

export function UploadDialog() {
  const file = useSignal<File | null>(null);
  const fault = useSignal<FormFault | null>(null);
  /** Null while nothing is sent. */
  const share = useSignal<number | null>(null);
  const flight = useRef<AbortController | null>(null);
  const faultOf = (field: string | null) => (fault.value?.field === field ? fault.value.text : null);
  const close = () => (uploading.value = false);

  useEffect(() => {
    project.value = query.value.get('project') ?? project.value;
    release.value = query.value.get('release') ?? release.value;
    return () => flight.current?.abort();
  }, []);

  async function submit(event: Event) {
    event.preventDefault();
    if (file.value === null) return;
    const own = new AbortController();
    flight.current = own;
    fault.value = null;
    share.value = 0;
    try {
      const map = { project: project.value, release: release.value, file_url: fileUrl.value, file: file.value };
      const stored = await uploadMap(map, { onProgress: (sent) => (share.value = sent), signal: own.signal });
      fileUrl.value = '';
      close();
      showToast(`The map of ${addressParts(stored.file_url)[1]} is ${stored.replaced ? 'replaced' : 'stored'}`);
      await mapList.reload();
    } catch (error) {
      if (!isAbort(error)) fault.value = formFault(error, FIELDS);
    } finally {
      share.value = null;
    }
  }

  const largest = about.value?.max_source_map_bytes ?? Infinity;
  const tooLong = file.value !== null && !file.value.name.endsWith('.gz') && file.value.size > largest;
  const fileFault = tooLong ? `It has ${binaryText(file.value?.size ?? 0)}, and the relay takes up to ${binaryText(largest)}.` : faultOf('map_content');
  return (
    <Dialog title="Upload a source map" wide {...(share.value === null && { onClose: close })}>
      <form class="form" onSubmit={submit}>
        <Field id="map-file" label="Source map" fault={fileFault} hint="A .map file of your build, gzipped or not.">
          <input
            {...fieldProps('map-file', fileFault)}
            class="field"
            type="file"
            required
            autofocus
            accept=".map,.json,.gz"
            onChange={(event) => {
              file.value = event.currentTarget.files?.[0] ?? null;
              fault.value = null;
            }}
          />
        </Field>
        <div class="form-row">
          <TextField id="map-project" label="Project" value={project} fault={faultOf('project')} placeholder="shop" offers={projects.value} />
          <TextField
            id="map-release"
            label="Release"
            value={release}
            fault={faultOf('release')}
            placeholder="1.2.0"
            offers={releases.value}
            hint="As the pages report it."
          />
        </div>
        <TextField
          id="map-script"
          label="Address of the script"
          value={fileUrl}
          fault={faultOf('file_url')}
          placeholder="~/assets/app.js"
          hint="As a browser loads it, or its path alone. ~/ stands for any host."
        />
        {faultOf(null) !== null && (
          <p class="fault" role="alert">
            {faultOf(null)}
          </p>
        )}
        <div class="dialog-buttons">
          {share.value !== null && <Progress share={share.value} size={file.value?.size ?? 0} />}
          <button type="button" class="button" onClick={() => (share.value === null ? close() : flight.current?.abort())}>
            Cancel
          </button>
          <button class="button primary" disabled={share.value !== null || tooLong}>
            Upload
          </button>
        </div>
      </form>
    </Dialog>
  );
}
