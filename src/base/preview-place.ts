/** One port of the sandbox with this preview id. */
export interface PreviewPlace {
  readonly port: number;
  readonly previewId: string;
}
