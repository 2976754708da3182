// Does the scaffold of every language for every profile build and pass, and is a mistake in it found and made small?
import { test } from 'node:test';
import { LANGUAGES, SCAFFOLDED } from '../../../cli/scaffold/scaffold.js';
import { lacks, tried } from '../../cli/scaffolded.js';

for (const language of LANGUAGES)
  for (const profile of SCAFFOLDED)
    test(
      `${language}, ${profile}: the scaffold passes, and a wrong errno in it is found`,
      {
        skip: lacks(language),
      },
      () => tried(language, profile),
    );
