// A part of the UI whose code is fetched when it is first needed.
import { useSignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';

import { Failure, Skeleton } from './States.tsx';

/** The component behind `load`, and a way to fetch it before it is needed. */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>) {
  let ready: ComponentType<P> | null = null;
  const fetchIt = () => load().then((component) => (ready = component));

  function Lazy(props: P) {
    const loaded = useSignal(ready);
    const fault = useSignal<unknown>(null);
    useEffect(() => {
      if (loaded.value === null) fetchIt().then((component) => (loaded.value = component), (error) => (fault.value = error));
    }, []);
    // The file may be gone because the service was upgraded; the new page names the new one.
    if (fault.value !== null) return <Failure what="Part of the page could not be loaded" error={fault.value} retry={() => location.reload()} />;
    const Component = loaded.value;
    return Component === null ? <Skeleton lines={8} /> : <Component {...props} />;
  }

  return { Lazy, prefetch: () => void fetchIt().catch(() => undefined) };
}
