/** Whether what bottles do is recorded for good. */
export interface AuditState {
  /** why the records of a bottle cannot be kept, in a sentence; undefined: they can, as far as is known */
  faultOf(ownerUid: string): string | undefined;
}
