import type { Hono, Context as HonoContext } from 'hono'
import { requireRole } from '../../platform/context.ts'
import type { Downloads } from '../../platform/downloads.ts'
import { AppError, fieldError } from '../../platform/errors.ts'
import { newFormNonce } from '../../platform/form-nonce.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { readSeekPlace } from '../../platform/http/read-seek-place.ts'
import { readUpload } from '../../platform/http/read-upload.ts'
import { refuseCarried } from '../../platform/http/refuse-carried.ts'
import { pageHeaders, renderPage } from '../../platform/http/render-page.tsx'
import { sendFile } from '../../platform/http/send-file.ts'
import { ConfirmDialog } from '../../platform/ui/dialog.tsx'
import { getWaitlist } from '../waitlists/list-waitlists.ts'
import { continueImport } from './continue-import.ts'
import { exampleFile, exampleFilePath } from './example-file.ts'
import { exportResults } from './export-results.ts'
import { cancelImport } from './finish-import.ts'
import { getImport, listImports } from './get-import.ts'
import { ImportMatchPage } from './import-match-page.tsx'
import { ImportPage, importsOnPage } from './import-page.tsx'
import { ImportProgressPage } from './import-progress-page.tsx'
import { matchImport } from './match-import.ts'
import { previewImport } from './preview-import.ts'
import { keptDays } from './prune-imports.ts'
import { startImport } from './start-import.ts'
import { uploadImport } from './upload-import.ts'

const root = '/o/:slug/waitlists/:id/import'
type Shown = HonoContext<AppEnv>

/** Bringing a file of people, looking at it, and following what becomes of it. */
export function importRoutes(app: Hono<AppEnv>, downloads: Downloads): void {
  app.get(exampleFilePath, (c) => {
    for (const [name, value] of Object.entries(pageHeaders(c.var.meta.requestId))) c.header(name, value)
    c.header('Content-Type', 'text/csv; charset=utf-8; header=present')
    c.header('Content-Disposition', 'attachment; filename="queueup-example.csv"')
    return c.body(exampleFile)
  })

  app.get(root, (c) => showUpload(c))

  app.post(root, async (c) => {
    const upload = await readUpload(c)
    try {
      if (upload.name === '') throw fieldError('file', 'required', 'Choose a file.')
      const file = { name: upload.name, bytes: upload.bytes }
      const id = await uploadImport(c.var.ctx, c.req.param('id'), file, c.req.query('form_nonce') ?? '')
      return c.redirect(`${baseOf(c)}/${id}`, 303)
    } catch (error) {
      if (!(error instanceof AppError) || !isShownBeside(error)) throw error
      await upload.drain()
      for (const [name, value] of Object.entries(error.headers)) c.header(name, value)
      return showUpload(c, error)
    } finally {
      await upload.drain()
    }
  })

  app.get(`${root}/:import`, (c) => showImport(c))

  app.post(`${root}/:import`, async (c) => {
    const { ctx } = c.var
    const { id, import: importId } = c.req.param()
    const form = await readForm(c)
    const names = ['delimiter', 'has_header', 'email', 'joined_at', 'referred_by', 'referral_code', 'state']
    try {
      const typed = {
        ...Object.fromEntries([...names, 'lead_rows', 'date_order'].map((name) => [name, form.text(name)])),
        include_status: form.list('include_status'),
      }
      const { changed, isReady } = await matchImport(ctx, id, importId, typed)
      // How the file is read is chosen as before; nobody is added until the person has seen it again.
      refuseCarried(c)
      const isStart = form.text('step') === 'start'
      if (isStart && (!changed || !isReady)) await startImport(ctx, id, importId)
      return c.redirect(`${baseOf(c)}/${importId}${isStart && changed ? '?changed=1' : ''}`, 303)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      // The form was sent before: the import is on its way.
      if (error.code === 'conflict') return c.redirect(`${baseOf(c)}/${importId}`, 303)
      if (!isShownBeside(error)) throw error
      for (const [name, value] of Object.entries(error.headers)) c.header(name, value)
      return showImport(c, { error })
    }
  })

  app.get(`${root}/:import/cancel`, (c) => showImport(c, { asks: true }))

  app.post(`${root}/:import/cancel`, async (c) => {
    const { id, import: importId } = c.req.param()
    const { forgotten } = await cancelImport(c.var.ctx, id, importId)
    return c.redirect(forgotten ? `${baseOf(c)}?done=discarded` : `${baseOf(c)}/${importId}`, 303)
  })

  app.post(`${root}/:import/continue`, async (c) => {
    const { id, import: importId } = c.req.param()
    try {
      await continueImport(c.var.ctx, id, importId)
      return c.redirect(`${baseOf(c)}/${importId}`, 303)
    } catch (error) {
      if (!(error instanceof AppError) || (error.code !== 'conflict' && !isShownBeside(error))) throw error
      return showImport(c, { error })
    }
  })

  // By POST: it is a row of the log, which nothing that fetches links beforehand may write.
  app.post(`${root}/:import/results.csv`, async (c) => {
    const { id, import: importId } = c.req.param()
    const onlyRefused = (await readForm(c)).text('only') === 'refused'
    return sendFile(c, downloads, async () => {
      const { fileName, csv } = await exportResults(c.var.ctx, id, importId, { onlyRefused })
      const name = `${fileName.replace(/\.[a-z]+$/i, '')} ${onlyRefused ? 'refused' : 'results'}`
      return { name, type: 'csv', pieces: csv }
    })
  })
}

/** What the person can do something about, a full disk included; that the database is away names no field. */
function isShownBeside({ status, errors }: AppError): boolean {
  return status === 422 || status === 429 || (status === 503 && errors.length > 0)
}

async function showUpload(c: Shown, error?: AppError) {
  const { ctx, frame } = c.var
  requireRole(ctx, 'admin')
  const waitlist = await getWaitlist(ctx, c.req.param('id') ?? '')
  const place = readSeekPlace(c)
  const imports = await listImports(ctx, waitlist.id, { ...place, limit: importsOnPage })
  const discarded = c.req.query('done') === 'discarded'
  return renderPage(
    c,
    <ImportPage {...{ frame, waitlist, imports, place, discarded, error }} nonce={newFormNonce()} now={ctx.now()} />,
    error?.status ?? 200,
  )
}

async function showImport(c: Shown, { error, asks = false }: { error?: AppError; asks?: boolean } = {}) {
  const { ctx, frame } = c.var
  requireRole(ctx, 'admin')
  const waitlist = await getWaitlist(ctx, c.req.param('id') ?? '')
  const one = await getImport(ctx, waitlist.id, c.req.param('import') ?? '')
  const here = `${baseOf(c)}/${one.id}`
  if (one.state === 'uploading') throw new AppError('not_found', 'There is no such import.')
  if (one.state !== 'uploaded' || !one.reading) {
    const dialog = asks && one.state === 'running' ? <CancelDialog here={here} hasBegun /> : null
    return renderPage(
      c,
      <ImportProgressPage {...{ frame, waitlist, keptDays, dialog, error }} import={one} now={ctx.now()} />,
      error?.status ?? 200,
    )
  }
  const preview = await previewImport(ctx, one, one.reading)
  const dialog = asks ? <CancelDialog here={here} hasBegun={false} /> : null
  const changed = c.req.query('changed') === '1'
  return renderPage(
    c,
    <ImportMatchPage {...{ frame, waitlist, preview, changed, error, dialog }} import={one} reading={one.reading} />,
    error?.status ?? 200,
  )
}

function CancelDialog({ here, hasBegun }: { here: string; hasBegun: boolean }) {
  return (
    <ConfirmDialog
      id="cancel"
      title={hasBegun ? 'Cancel this import?' : 'Discard this file?'}
      action={`${here}/cancel`}
      verb={hasBegun ? 'Cancel import' : 'Discard file'}
      keep={hasBegun ? 'Keep importing' : 'Keep file'}
      closeHref={`${here}#cancel-import`}
      danger
    >
      <p>
        {hasBegun
          ? `Who has been added until now stays on the waitlist. The rest of the file is not imported, unless somebody has it go on within ${keptDays} days.`
          : 'The file is deleted. Nobody has been added.'}
      </p>
    </ConfirmDialog>
  )
}

function baseOf(c: Shown): string {
  return `/o/${c.var.ctx.organisation.slug}/waitlists/${c.req.param('id')}/import`
}
