import { availableParallelism, totalmem } from 'node:os'
import type { ListensAt } from './listens-at.ts'

/** Beside 1 for one that follows the last: indexes are in memory, or on a disk without a head. */
export const randomPageCost = '1.1'

/**
 * Statements and parameters hold what customers sent, and details of errors repeat it: the row that collided, or what two that
 * waited for each other had asked. None of it comes into the server's log; the application logs its own failures.
 */
const silentOfValues = {
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
  log_statement: 'none',
  log_duration: 'off',
  log_min_duration_statement: '-1',
  log_min_duration_sample: '-1',
  log_transaction_sample_rate: '0',
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
  log_replication_commands: 'off',
  log_temp_files: '-1',
}

export interface ServerOptions {
  listensAt: ListensAt
  /** False in tests only. */
  durable: boolean
}

/** Settings for a server that shares its machine with the application. */
export function serverSettings({ listensAt, durable }: ServerOptions): Record<string, string> {
  const sharedMegabytes = Math.min(512, Math.max(32, Math.floor(totalmem() / 2 ** 20 / 16)))
  return {
    listen_addresses: listensAt.socketFolder === undefined ? '127.0.0.1' : '',
    port: String(listensAt.port),
    unix_socket_directories: listensAt.socketFolder === undefined ? '' : quoted(listensAt.socketFolder),
    unix_socket_permissions: '0600',
    max_connections: '200',
    shared_buffers: `${sharedMegabytes}MB`,
    effective_cache_size: `${sharedMegabytes * 4}MB`,
    work_mem: '16MB',
    maintenance_work_mem: '128MB',
    max_worker_processes: String(Math.max(4, availableParallelism())),
    jit: 'off',
    random_page_cost: randomPageCost,
    max_wal_size: '2GB',
    // A table that fills quickly gets its first statistics after seconds, not after a minute.
    autovacuum_naptime: '10s',
    checkpoint_completion_target: '0.9',
    wal_compression: 'pglz',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_min_messages: 'warning',
    ...silentOfValues,
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  }
}

/** An item of a list, whatever characters the path has. */
function quoted(path: string): string {
  return `"${path.replaceAll('"', '""')}"`
}
