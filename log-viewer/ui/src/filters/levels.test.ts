import { expect, test } from 'vitest';

import { LEVELS } from '../wire.ts';
import { andWorse, levelFilter, levelsShown, toggled } from './levels.ts';

const shown = (text: string) => levelsShown(new URLSearchParams(text));

test.each([
  ['', LEVELS],
  ['level=error', ['ERROR']],
  ['level=>=ERROR', ['ERROR', 'CRITICAL']],
  ['level=ERROR&level=INFO', ['INFO', 'ERROR']],
  ['level=ERROR,debug', ['DEBUG', 'ERROR']],
  ['level=>=ERROR&level=DEBUG', ['DEBUG', 'ERROR', 'CRITICAL']],
  ['level=loud', LEVELS],
  ['level=loud,INFO', ['INFO']],
])('the levels of %j', (text, levels) => {
  expect(shown(text)).toEqual(levels);
});

test('each level is turned on and off by itself', () => {
  expect(toggled(LEVELS, 'INFO')).toEqual(['DEBUG', 'WARNING', 'ERROR', 'CRITICAL']);
  expect(toggled(['DEBUG', 'ERROR'], 'INFO')).toEqual(['DEBUG', 'INFO', 'ERROR']);
});

test('all levels, and none, are no filter', () => {
  expect(levelFilter(LEVELS)).toEqual([]);
  expect(levelFilter(toggled(['ERROR'], 'ERROR'))).toEqual([]);
});

test('one choice has one address, and it leads back to the choice', () => {
  expect(levelFilter(andWorse('WARNING'))).toEqual(['>=WARNING']);
  expect(levelFilter(['CRITICAL'])).toEqual(['CRITICAL']);
  expect(levelFilter(['WARNING', 'ERROR'])).toEqual(['WARNING', 'ERROR']);
  for (let choice = 1; choice < 2 ** LEVELS.length; choice++) {
    const levels = LEVELS.filter((_, at) => choice & (2 ** at));
    expect(levelsShown(new URLSearchParams(levelFilter(levels).map((one) => ['level', one])))).toEqual(levels);
  }
});
