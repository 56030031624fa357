/** NIST SP 800-63B: length is what matters; no rules of composition. */
export const passwordLength = { min: 10, max: 128 }
