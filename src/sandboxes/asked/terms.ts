import { z } from 'zod';

/** What a sandbox's own network may do, as it was asked for: addresses, ranges and names. */
const networkTermsSchema = z.object({
  allowOut: z.array(z.string()).readonly(),
  denyOut: z.array(z.string()).readonly(),
  isInternetAllowed: z.boolean(),
  /** The Host header that servers in the sandbox see; null for the one that was sent. */
  maskRequestHost: z.string().nullable(),
});

/** On what terms clients use a sandbox whose id they were told, where its address belongs to a key. */
export const termsSchema = z.object({
  /** Opens the sandbox's own API; null where its id alone does. */
  token: z.string().nullable(),
  /** Opens its ports; null where they are public. */
  trafficToken: z.string().nullable(),
  /** What it was made from. */
  template: z.object({ id: z.string(), name: z.string().nullable() }),
  /** How long it was to live when it was made, in seconds. */
  timeoutSeconds: z.int().min(0),
  /** True if a request to one of its ports resumes it. */
  isResumedByTraffic: z.boolean(),
  network: networkTermsSchema,
  /** Of a snapshot: what it is called with its tag, and of which sandbox it is; null for a sandbox. */
  snapshot: z.object({ name: z.string().nullable(), sourceId: z.string() }).nullable().default(null),
});

/** What its makers and users have agreed on for a sandbox whose id they were told. */
export type Terms = z.infer<typeof termsSchema>;

/** What of them is about its network. */
export type NetworkTerms = z.infer<typeof networkTermsSchema>;
