// What is known about the error and the occurrence, in short lines with links.
import { Count } from '@monlight/ui/Count.tsx';
import { ExternalLink } from '@monlight/ui/ExternalLink.tsx';
import { linkTo } from '@monlight/ui/router.ts';
import { Time } from '@monlight/ui/Time.tsx';
import type { ComponentChildren } from 'preact';

import { about } from '../about.ts';
import type { ErrorDetail, Occurrence } from '../wire.ts';
import { logsAround } from './logs-around.ts';
import './facts.css';

const EVERY_STATUS = { resolved: 'all', ignored: 'all' };

export function Facts({ detail, occurrence }: { detail: ErrorDetail; occurrence: Occurrence | null }) {
  const logs = occurrence && logsAround(about.value?.links['log_viewer'], occurrence.timestamp);
  return (
    <aside class="facts">
      <dl>
        <Fact name="Reports"><Count value={detail.count} unit="reports" /></Fact>
        <Fact name="Last seen"><Time at={detail.last_seen} /></Fact>
        <Fact name="First seen"><Time at={detail.first_seen} /></Fact>
        {detail.resolved_at && <Fact name="Resolved"><Time at={detail.resolved_at} /></Fact>}
        <Fact name="Project"><a href={linkTo({ project: detail.project })}>{detail.project}</a></Fact>
        <Names name="Environments" filter="environment" project={detail.project} values={detail.environments} />
        <Names name="Releases" filter="release" project={detail.project} values={detail.releases} />
        <Fact name="Fingerprint" code>{detail.fingerprint}</Fact>
      </dl>
      {occurrence && (
        <>
          <h2>This occurrence</h2>
          <dl>
            {occurrence.environment && <Fact name="Environment">{occurrence.environment}</Fact>}
            {occurrence.release && (
              <Fact name="Release">
                <a href={linkTo({ project: detail.project, release: occurrence.release, ...EVERY_STATUS })}>{occurrence.release}</a>
              </Fact>
            )}
            {occurrence.user_id && <Fact name="User">{occurrence.user_id}</Fact>}
            {occurrence.trace_id && <Fact name="Trace" code>{occurrence.trace_id}</Fact>}
            {occurrence.session_id && (
              <Fact name="Session" code>
                {occurrence.session_id}
                <br />
                <a href={linkTo({ session_id: occurrence.session_id, ...EVERY_STATUS })}>This session’s errors</a>
              </Fact>
            )}
            {logs && <Fact name="Logs"><ExternalLink href={logs}>Logs around this moment</ExternalLink></Fact>}
          </dl>
        </>
      )}
    </aside>
  );
}

function Fact({ name, code = false, children }: { name: string; code?: boolean; children: ComponentChildren }) {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd class={code ? 'code' : ''}>{children}</dd>
    </div>
  );
}

interface NamesProps {
  name: string;
  filter: 'environment' | 'release';
  project: string;
  values: string[];
}

function Names({ name, filter, project, values }: NamesProps) {
  if (values.length === 0) return null;
  return (
    <Fact name={name}>
      <span class="names">
        {values.map((value) => (
          <a key={value} class="chip" href={linkTo({ project, [filter]: value, ...EVERY_STATUS })}>
            {value}
          </a>
        ))}
      </span>
    </Fact>
  );
}
