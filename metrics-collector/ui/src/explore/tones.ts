// Which colour a series has: the same for as long as the question is the same.

const TONES = 10;

export function createTones() {
  const given = new Map<string, number>();
  return (label: string): string => {
    const known = given.get(label);
    const tone = known ?? given.size % TONES;
    if (known === undefined) given.set(label, tone);
    return `--series-${tone + 1}`;
  };
}
