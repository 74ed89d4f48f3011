// Where a body can hold text, as the OpenAPI document of its service says: a new text field is attacked by itself.

export interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: string[];
  oneOf?: Schema[];
  example?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  propertyNames?: Schema;
  additionalProperties?: Schema | boolean;
}

export interface Operation {
  parameters?: { name: string; in: string }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

export interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

/** What stands at a place of a body; undefined is what the document calls an example. */
export type Texts = (place: string) => string | undefined;

export interface Sent {
  path: string;
  schema: Schema;
}

/** The operations that take JSON. */
export function sentBodies(document: Document): Sent[] {
  return Object.entries(document.paths).flatMap(([path, operations]) => {
    const schema = operations['post']?.requestBody?.content['application/json']?.schema;
    return schema ? [{ path, schema }] : [];
  });
}

export interface Asked {
  path: string;
  parameters: string[];
}

/** The operations that read, with what can be asked in their address. */
export function askedAddresses(document: Document): Asked[] {
  return Object.entries(document.paths).flatMap(([path, { get }]) =>
    get ? [{ path, parameters: (get.parameters ?? []).filter((one) => one.in === 'query').map((one) => one.name) }] : [],
  );
}

/** All places of a body where text can stand: a dot before a member, `[]` for an element, `{}` for the name of a member. */
export function textPlaces(document: Document, schema: Schema): string[] {
  const places = new Set<string>();
  bodyWith(document, schema, (place) => void places.add(place));
  return [...places];
}

export function bodyWith(document: Document, schema: Schema, texts: Texts): any {
  return valueAt(document, schema, '', texts);
}

function valueAt(document: Document, given: Schema, place: string, texts: Texts): unknown {
  const schema = resolved(document, given);
  const types = [schema.type ?? []].flat();
  if (schema.properties || schema.additionalProperties || types.includes('object')) return objectAt(document, schema, place, texts);
  if (schema.items) {
    const element = valueAt(document, schema.items, `${place}[]`, texts);
    return element === null ? null : [element];
  }
  if (types.length === 0) return anythingAt(place, texts);
  if (types.includes('string')) return texts(place) ?? schema.example ?? schema.enum?.[0] ?? null;
  return schema.example ?? 1;
}

function objectAt(document: Document, schema: Schema, place: string, texts: Texts): object {
  const members = Object.entries(schema.properties ?? {}).flatMap(([name, member]): [string, unknown][] => {
    const value = valueAt(document, member, `${place}.${name}`, texts);
    if (value !== null) return [[name, value]];
    return schema.required?.includes(name) ? [[name, name]] : [];
  });
  if (typeof schema.additionalProperties === 'object') {
    const value = valueAt(document, schema.additionalProperties, `${place}.*`, texts);
    members.push([texts(`${place}{}`) ?? 'name', value ?? 'value']);
  }
  return Object.fromEntries(members);
}

/** Any JSON: text as a member, as the name of one, and deep inside. */
function anythingAt(place: string, texts: Texts): object {
  return Object.fromEntries([[texts(`${place}{}`) ?? 'name', { list: [texts(`${place}.*`) ?? 'value'] }]]);
}

function resolved(document: Document, schema: Schema): Schema {
  if (schema.$ref) return resolved(document, document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {});
  // Of two forms the last: a batch of points in an object.
  const form = schema.oneOf?.filter((one) => one.type !== 'null').at(-1);
  return form ? resolved(document, form) : schema;
}
