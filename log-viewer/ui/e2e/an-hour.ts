// An hour of a small shop: a request each minute, and what went wrong among them.
import type { Service } from './service.ts';

const HOSTILE = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>';
export const TRACEBACK = [
  'Traceback (most recent call last):',
  '  File "/srv/shop/checkout.py", line 88, in checkout',
  '    amount = cart.total(prices)',
  '  File "/srv/shop/cart.py", line 31, in total',
  '    return prices[product]',
  'KeyError: 7',
];
const MINUTES = 60;
/** How many entries it comes to. */
export const AN_HOUR = 74;

export function writeAnHour(service: Service): void {
  const web = service.addContainer('shop-web-1');
  const worker = service.addContainer('shop-worker-1');
  const database = service.addContainer('blog-db-1', 'blog');
  const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000);
  for (let minute = MINUTES; minute > 1; minute--) {
    web.write([`10.0.0.${minute} - - "GET /api/products?page=${minute} HTTP/1.1" 200 ${minute * 37}`], { at: ago(minute) });
    if (minute % 7 === 0) {
      database.write([`time=${ago(minute).toISOString()} level=debug msg="checkpoint complete" buffers=${minute * 12}`], { at: ago(minute) });
    }
  }
  web.write([JSON.stringify({ level: 'warn', msg: 'slow request', status: 503, duration_ms: 2140, user: { id: 8812, plan: 'team' } })], { at: ago(20) });
  web.write([JSON.stringify({ level: 'info', msg: 'order created', status: 201, order: 'A-1007' })], { at: ago(12) });
  worker.write(TRACEBACK, { stream: 'stderr', at: ago(9) });
  worker.write(['\u001b[33mpayment\u001b[0m of order A-1007 was refused'], { at: ago(8) });
  worker.write(['CRITICAL no payment provider answers'], { stream: 'stderr', at: ago(7) });
  web.write([`client sent ${HOSTILE}`, JSON.stringify({ msg: HOSTILE, [HOSTILE]: HOSTILE })], { at: ago(2) });
}
