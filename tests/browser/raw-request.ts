// A request as bytes, for what no client would send.
import { connect } from 'node:net';

export interface RawReply {
  status: number;
  /** The head, in lower case. */
  head: string;
  body: string;
}

/** Sends a head and no body. Bytes are given as characters up to 255. */
export function rawRequest(address: string, target: string, headers: readonly string[], method = 'GET'): Promise<RawReply> {
  const { hostname, port } = new URL(address);
  const head = [`${method} ${target} HTTP/1.1`, ...headers, 'Connection: close'].join('\r\n');
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(`${head}\r\n\r\n`, 'latin1'));
    let answer = '';
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => (answer += text));
    socket.on('error', reject);
    socket.on('close', () => {
      const [head = '', ...rest] = answer.split('\r\n\r\n');
      resolve({ status: Number(head.split(' ')[1]), head: head.toLowerCase(), body: rest.join('\r\n\r\n') });
    });
  });
}
