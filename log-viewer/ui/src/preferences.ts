// What the reader chose for this page, beside the kit's theme and zone.
import { remembered } from '@monlight/ui/preferences.ts';

export const wrap = remembered<'on' | 'off'>('monlight.logs.wrap', ['on', 'off']);

export const toggleWrap = () => void (wrap.value = wrap.value === 'on' ? 'off' : 'on');
