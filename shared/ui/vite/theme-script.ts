// Adds a tiny blocking script that applies the remembered theme before the first paint.
//
// It is a file of its own because the content security policy allows no inline script, and a
// module would run only after the page has been painted in the wrong theme.
import { createHash } from 'node:crypto';

import type { Plugin } from 'vite';

const SCRIPT =
  "try{var t=localStorage.getItem('monlight.theme');" +
  "if(t==='light'||t==='dark')document.documentElement.dataset.theme=t}catch(e){}\n";

export function themeScript(): Plugin {
  const hash = createHash('sha256').update(SCRIPT).digest('base64url').replace(/[-_]/g, 'x').slice(0, 8);
  const fileName = `assets/theme-${hash}.js`;
  return {
    name: 'monlight-theme-script',
    apply: 'build',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName, source: SCRIPT });
    },
    transformIndexHtml() {
      return [{ tag: 'script', attrs: { src: `./${fileName}` }, injectTo: 'head-prepend' }];
    },
  };
}
