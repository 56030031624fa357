import { afterAll, expect } from 'vitest'
import { watchedStatements } from './watched-statements.ts'

watchedStatements().begin(expect.getState().testPath ?? '')
// The first to be registered is the last to run: by then the file's products are closed.
afterAll(() => watchedStatements().end())
