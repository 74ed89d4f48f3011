// What is attached to the page, and how it is taken off again.
import { attempt } from './attempt.ts';

/** Stands for a function of the host's: `go` calls that one, with what the caller gave. */
type Call = (go: () => any, self: any, all: any[]) => unknown;

export interface Attached {
  _listen(target: EventTarget, type: string, hear: (event: any) => void): void;
  /**
   * Puts a function around one of the host's. A proxy keeps its name, its length and its text.
   *
   * When somebody else has put his own around ours, it cannot be taken off: then it only calls through.
   */
  _wrap(owner: any, name: string, call: Call): void;
  _add(undo: () => void): void;
  _detach(): void;
}

export function attached(): Attached {
  const undos: (() => void)[] = [];
  return {
    _listen(target, type, hear) {
      const heard = (event: Event) => attempt(() => hear(event));
      target.addEventListener(type, heard, true);
      undos.push(() => target.removeEventListener(type, heard, true));
    },
    _wrap(owner, name, call) {
      const original = owner?.[name];
      if (!original) return;
      let isOn = true;
      const wrapped = new Proxy(original, {
        apply(_, self, all) {
          const go = () => Reflect.apply(original, self, all);
          return isOn ? call(go, self, all) : go();
        },
      });
      // It may be frozen: then it stays as it is.
      attempt(() => (owner[name] = wrapped));
      undos.push(() => {
        isOn = false;
        if (owner[name] === wrapped) owner[name] = original;
      });
    },
    _add: (undo) => void undos.push(undo),
    _detach: () => undos.splice(0).forEach(attempt),
  };
}
