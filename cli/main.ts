// What is run when somebody types the command?
import { line } from './line.js';

process.exitCode = await line();
