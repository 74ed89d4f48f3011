// Short messages that come and go, with at most one thing to do about them.
import { signal } from '@preact/signals';

export interface Toast {
  id: number;
  text: string;
  kind: 'done' | 'fault';
  action?: { label: string; run: () => void } | undefined;
}

export const toasts = signal<Toast[]>([]);

const SHOWN_MS = { done: 6000, fault: 12_000 };
let lastId = 0;

export function showToast(text: string, action?: Toast['action'], kind: Toast['kind'] = 'done'): void {
  const id = ++lastId;
  // Two are enough: the older ones have been seen or do not matter any more.
  toasts.value = [...toasts.value.slice(-1), { id, text, kind, action }];
  setTimeout(() => closeToast(id), SHOWN_MS[kind]);
}

/** Says what failed. */
export function showFault(error: unknown): void {
  showToast(error instanceof Error ? error.message : String(error), undefined, 'fault');
}

export function closeToast(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}
