// No container has been found: what the service must be given to see them.
import { Snippet } from '@monlight/ui/code/Snippet.tsx';

import { about } from '../about.ts';
import './states.css';

const MOUNT = '-v /var/lib/docker/containers:/var/lib/docker/containers:ro';
const COMMAND = `docker run -d --name log-viewer -p 5011:8000 \\
  -e API_KEY \\
  -v log-viewer:/data -e DATABASE_PATH=/data/logs.db \\
  ${MOUNT} \\
  monlight/log-viewer
`;

export function NoContainers() {
  const sources = about.value?.sources ?? [];
  const problems = sources.filter((source) => source.problem !== null);
  return (
    <div class="no-containers">
      <h2>
        <i class="live-dot" /> Waiting for the first container
      </h2>
      {problems.length > 0 ? (
        <ul class="problems">
          {problems.map(({ path, problem }) => (
            <li key={path}>
              <code>{path}</code>: {problem}
            </li>
          ))}
        </ul>
      ) : (
        <p class="muted">
          {sources.length > 0 && <>Nothing in {sources.map(({ path }) => path).join(', ')} so far. </>}
          This page turns over by itself.
        </p>
      )}
      <p>
        The logs are read from Docker’s own folder, which has to be mounted read-only. If it is mounted at another place, or there are
        several, name them in <code>LOG_SOURCES</code>, separated by commas.
      </p>
      <Snippet label="Shell" text={COMMAND} />
      <p class="muted">Only containers with Docker’s “json-file” log driver, which is the default, write there.</p>
    </div>
  );
}
