// One error: what happened, how often, where in the code, and in which request.
import { ApiError } from '@monlight/ui/api.ts';
import { Failure, Skeleton } from '@monlight/ui/feedback/States.tsx';
import { counted } from '@monlight/ui/number.ts';
import { query } from '@monlight/ui/router.ts';
import { useEffect, useMemo } from 'preact/hooks';

import { Compare } from './Compare.tsx';
import { createDetailModel, indexOfOccurrence, type DetailModel } from './detail-model.ts';
import { useDetailKeys } from './detail-keys.ts';
import { DetailNav } from './DetailNav.tsx';
import { Facts } from './Facts.tsx';
import { Header } from './Header.tsx';
import { OccurrenceBar } from './OccurrenceBar.tsx';
import { Extra, Request } from './Request.tsx';
import { withRelayFrames } from './stack/relay-frames.ts';
import { StackSection } from './stack/StackSection.tsx';
import { Trend } from './Trend.tsx';
import type { ErrorDetail } from '../wire.ts';
import './detail.css';

export function DetailPage({ id }: { id: number }) {
  const model = useMemo(() => createDetailModel(id), [id]);
  useDetailKeys(model);
  useEffect(() => {
    window.scrollTo(0, 0);
    void model.load();
    void model.loadTimeline();
    model.poller.start();
    return () => model.poller.stop();
  }, [model]);

  const detail = model.detail.value;
  const fault = model.fault.value;
  return (
    <article class="detail">
      <DetailNav id={id} />
      {fault !== null && <Fault fault={fault} model={model} />}
      {fault === null && (detail === null ? <Skeleton lines={8} /> : <Content model={model} detail={detail} />)}
    </article>
  );
}

function Fault({ fault, model }: { fault: unknown; model: DetailModel }) {
  if (fault instanceof ApiError && fault.status === 404) {
    return (
      <div class="notice">
        <h2>There is no error #{model.id}</h2>
        <p class="muted">It may have been deleted, or removed because it was resolved or not seen for long.</p>
      </div>
    );
  }
  return <Failure what="The error could not be loaded" error={fault} retry={() => void model.load()} />;
}

function Content({ model, detail }: { model: DetailModel; detail: ErrorDetail }) {
  const index = indexOfOccurrence(detail.occurrences, query.value.get('occurrence'));
  const occurrence = detail.occurrences[index] ?? null;
  const other = detail.occurrences.find((one) => String(one.id) === query.value.get('compare'));
  const stack = occurrence ? withRelayFrames(occurrence.stack, occurrence.extra) : [];
  const title = `${detail.exception_type}: ${detail.message}`;
  useEffect(() => {
    document.title = `${title.slice(0, 80)} · Monlight`;
  }, [title]);
  return (
    <>
      <Header model={model} detail={detail} occurrence={occurrence} />
      <Trend model={model} />
      {model.newReports.value > 0 && (
        <button class="pill detail-pill" onClick={() => model.applyWaiting()}>
          {counted(model.newReports.value, 'new report')}
        </button>
      )}
      <OccurrenceBar detail={detail} index={index} />
      <div class="columns">
        <div class="column-main">
          {occurrence && other && other !== occurrence && <Compare left={occurrence} right={other} />}
          <StackSection stack={stack} traceback={occurrence?.traceback ?? detail.traceback} />
          {occurrence && <Request occurrence={occurrence} />}
          {occurrence && <Extra value={occurrence.extra} />}
        </div>
        <Facts detail={detail} occurrence={occurrence} />
      </div>
    </>
  );
}
