// Which field of a form the service means.

export interface FormFault {
  /** Null when it is about no field in particular. */
  field: string | null;
  text: string;
}

/** The service begins with the field's name, or ends with it when it is missing. */
export function formFault(error: unknown, fields: readonly string[]): FormFault {
  const detail = error instanceof Error ? error.message : String(error);
  const field = fields.find((name) => detail.startsWith(`${name}:`));
  if (field !== undefined) return { field, text: sentence(detail.slice(field.length + 1).trim()) };
  const missing = fields.find((name) => detail === `Missing required field: ${name}`);
  return missing === undefined ? { field: null, text: sentence(detail) } : { field: missing, text: 'It is missing.' };
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
