// What the demo's programs send to Monlight, by the plain HTTP that any program could use.

/** Keeps metrics for two seconds, so that a request does not wait for them. */
export class Monlight {
  #points = [];
  #addresses;
  #keys;

  constructor(addresses, keys) {
    this.#addresses = addresses;
    this.#keys = keys;
    setInterval(() => void this.#flush(), 2000);
  }

  async report(error) {
    const body = { project: 'shop', environment: 'demo', release: '1.4.2', event_id: crypto.randomUUID(), ...error };
    await this.post(`${this.#addresses.tracker}/api/errors`, this.#keys.tracker, body);
  }

  measure(name, type, value, labels) {
    this.#points.push({ project: 'shop', name, type, value, labels, timestamp: new Date().toISOString() });
  }

  async sendMetrics(metrics) {
    await this.post(`${this.#addresses.collector}/api/metrics`, this.#keys.collector, { metrics });
  }

  /** A source map of the page, for the relay. */
  async uploadMap(release, fileUrl, map) {
    const body = { project: 'shop', release, file_url: fileUrl, map_content: map };
    await this.post(`${this.#addresses.relay}/api/source-maps`, this.#keys.relay, body);
  }

  async post(url, key, body) {
    const reply = await fetch(url, {
      method: 'POST',
      headers: { 'X-API-Key': key, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    const answer = await reply.text();
    if (!reply.ok) throw new Error(`${url} answered ${reply.status}: ${answer}`);
  }

  async #flush() {
    const points = this.#points.splice(0, 1000);
    if (points.length === 0) return;
    try {
      await this.sendMetrics(points);
    } catch (error) {
      console.error(`demo: ${error.message}`);
    }
  }
}
