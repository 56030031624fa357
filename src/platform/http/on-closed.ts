import type { Context as HonoContext } from 'hono'
import type { AppEnv } from './app-env.ts'

/** Runs `work` once the answer is over, whole or not, even where it never began. */
export function onClosed(c: HonoContext<AppEnv>, work: () => void): void {
  const { incoming, outgoing } = c.env
  const { socket } = incoming
  const closed = () => {
    outgoing.off('close', closed)
    socket.off('close', closed)
    work()
  }
  if (outgoing.closed || socket.destroyed) {
    work()
    return
  }
  outgoing.once('close', closed)
  socket.once('close', closed)
}
