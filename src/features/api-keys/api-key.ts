/** A key as people see it. Its secret is nowhere but with whoever copied it. */
export interface ApiKey {
  id: string
  name: string
  /** `qu_live_` and four characters. */
  prefix: string
  scopes: string[]
  created_at: Date
  created_by_name: string
  last_used_at: Date | null
  revoked_at: Date | null
  revoked_by_name: string | null
  /** Attempts since it was revoked: a secret that is still in use somewhere. */
  reuse_count: number
  reuse_last_at: Date | null
  reuse_last_ip: string | null
  /** Whether its stored hash still waits for renewal under the current SECRET_KEY. */
  awaits_renewal: boolean
}
