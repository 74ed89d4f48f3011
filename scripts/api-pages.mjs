// Writes docs/api/SERVICE.md from the OpenAPI document beside it; with --check it says whether that was done.

import { readFileSync, writeFileSync } from 'node:fs';

const SERVICES = ['error-tracker', 'log-viewer', 'metrics-collector', 'browser-relay'];
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const folder = new URL('../docs/api/', import.meta.url);

/** A text as a cell of a table. */
function cell(text = '') {
  return text.replace(/\s*\n\s*/g, ' ').replaceAll('|', '\\|').trim();
}

class Page {
  #document;
  #lines = [];

  constructor(service, document) {
    this.#document = document;
    const { title, version, description } = document.info;
    this.#say(`# ${title}: API`);
    this.#say(`${description} Version ${version}. Made from [${service}.json](${service}.json), the OpenAPI document that the service`,
      'itself serves at `/api/openapi.json`.');
    this.#authorisation();
    this.#refusals();
    this.#overview();
    for (const [path, method, operation] of this.#operations()) this.#operation(path, method, operation);
    this.text = `${this.#lines.join('\n').trimEnd()}\n`;
  }

  #say(...lines) {
    this.#lines.push(...lines, '');
  }

  *#operations() {
    for (const [path, methods] of Object.entries(this.#document.paths)) {
      for (const method of METHODS) {
        if (methods[method]) yield [path, method, methods[method]];
      }
    }
  }

  #authorisation() {
    const ways = Object.values(this.#document.components.securitySchemes).map((scheme) => {
      if (scheme.type === 'http') return '`Authorization: Bearer KEY`';
      return scheme.in === 'query' ? `\`?${scheme.name}=KEY\`` : `\`${scheme.name}: KEY\``;
    });
    this.#say(`The key goes into ${ways.join(' or ')}. Routes that say so take another one, or none. Errors are \`application/problem+json\`,`,
      'and their `detail` says what is wrong.');
  }

  /** What many operations answer for the same reason is told once. */
  #refusals() {
    const told = Object.values(this.#document.paths).flatMap((methods) => METHODS.flatMap((method) => Object.entries(methods[method]?.responses ?? {})));
    const statuses = new Map(told.filter(([, { $ref }]) => $ref).map(([status, { $ref }]) => [status, this.#document.components.responses[$ref.split('/').at(-1)]]));
    const rows = [...statuses].sort().map(([status, { description }]) => `| ${status} | ${cell(description)} |`);
    this.#say('Whichever of these fit a route it may answer, besides what is told there:');
    this.#say('| Status | When |', '|---|---|', ...rows);
  }

  #overview() {
    this.#say(
      '| Route | What it does |', '|---|---|',
      ...[...this.#operations()].map(([path, method, { summary }]) => `| [\`${method.toUpperCase()} ${path}\`](#${this.#anchor(path, method)}) | ${cell(summary)} |`),
    );
  }

  /** As the headings' links are made where Markdown is shown: small, without signs, blanks as dashes. */
  #anchor(path, method) {
    return `${method} ${path}`.toLowerCase().replace(/[^a-z0-9_ -]/g, '').replaceAll(' ', '-');
  }

  #operation(path, method, operation) {
    this.#say(`## ${method.toUpperCase()} ${path}`, '', cell(operation.summary));
    if (operation.description) this.#say(operation.description.trim());
    const security = operation.security?.map((way) => Object.keys(way));
    if (security) this.#say(security.some((names) => names.length === 0) ? 'Needs no key.' : `Authorised by ${security.flat().map((name) => `\`${name}\``).join(' or ')}.`);
    this.#parameters(operation.parameters ?? []);
    for (const [type, { schema }] of Object.entries(operation.requestBody?.content ?? {})) this.#body(`Body, \`${type}\``, schema, 'Required. ');
    this.#replies(operation.responses);
  }

  #parameters(parameters) {
    if (parameters.length === 0) return;
    this.#say('| Parameter | Type | What it is |', '|---|---|---|', ...parameters.map(({ name, in: where, required, schema, description }) => {
      const needed = required && where !== 'path' ? 'Required. ' : '';
      return `| \`${name}\`${where === 'query' ? '' : ` (${where})`} | ${this.#type(schema)} | ${cell(needed + (description ?? schema?.description ?? ''))} |`;
    }));
  }

  #body(title, schema, mark = '') {
    const members = this.#members(schema);
    if (members.length === 0) {
      this.#say(`${title}: ${this.#type(schema)}`);
      return;
    }
    this.#say(`${title}:`);
    this.#say('| Member | Type | What it is |', '|---|---|---|', ...members.map(([name, member, required]) => {
      return `| \`${name}\` | ${this.#type(member)} | ${cell((required ? mark : '') + (member.description ?? ''))} |`;
    }));
  }

  #replies(responses) {
    const told = Object.entries(responses).filter(([, { $ref }]) => !$ref);
    this.#say('| Status | Body | When |', '|---|---|---|', ...told.map(([status, response]) => {
      const kinds = Object.entries(response.content ?? {}).map(([type, { schema }]) => (type === 'application/json' && schema ? this.#type(schema) : `\`${type}\``));
      return `| ${status} | ${kinds.join(' or ') || '—'} | ${cell(response.description)} |`;
    }));
    const shown = new Set();
    for (const [, response] of told) {
      const schema = response.content?.['application/json']?.schema;
      const name = JSON.stringify(schema);
      if (schema && !shown.has(name) && this.#members(schema).length > 0) this.#body('Answer', schema);
      shown.add(name);
    }
  }

  #resolve(schema = {}) {
    return schema.$ref ? this.#document.components.schemas[schema.$ref.split('/').at(-1)] : schema;
  }

  /** Its members, those of its parts among them, each with whether it must be there. */
  #members(schema) {
    const { properties = {}, required = [], allOf = [] } = this.#resolve(schema);
    const own = Object.entries(properties).map(([name, member]) => [name, member, required.includes(name)]);
    return [...allOf.flatMap((part) => this.#members(part)), ...own];
  }

  #type(schema = {}, depth = 0) {
    const type = this.#resolve(schema);
    const either = (type.oneOf ?? type.anyOf)?.filter((part) => part.type !== 'null');
    if (type.enum) return type.enum.map((value) => `\`${value}\``).join(', ');
    if (either) return [...new Set(either.map((part) => this.#type(part, depth)))].join(' or ');
    const name = [type.type].flat().filter((part) => part && part !== 'null').join(' or ');
    if (name === 'array') return `list of ${this.#type(type.items, depth + 1)}`;
    const members = this.#members(type);
    if (members.length > 0 && depth < 3) {
      return depth === 0 && schema.$ref ? 'object' : `\\{${members.map(([member]) => `\`${member}\``).join(', ')}\\}`;
    }
    if (type.additionalProperties?.type || type.additionalProperties?.$ref) return `object of ${this.#type(type.additionalProperties, depth + 1)}`;
    if (type.format === 'date-time') return 'time';
    return name || 'any';
  }
}

let isStale = false;
for (const service of SERVICES) {
  const file = new URL(`${service}.md`, folder);
  const { text } = new Page(service, JSON.parse(readFileSync(new URL(`${service}.json`, folder), 'utf8')));
  if (!process.argv.includes('--check')) {
    writeFileSync(file, text);
  } else if (readFileSync(file, 'utf8') !== text) {
    console.error(`docs/api/${service}.md is not made from docs/api/${service}.json; write it with: make api-pages`);
    isStale = true;
  }
}
process.exitCode = isStale ? 1 : 0;
