import type {
  CertificateAuthorities,
  CertificateAuthority,
} from "../reconcilers/contract/certificate-authorities.ts";
import { createCertificateAuthority } from "../sidecars/egress/certificates/authority.ts";

/** CertificateAuthorities that keep what they make in `kept`, by the uid of the bottle. */
export const heldAuthorities = (
  kept: Map<string, CertificateAuthority>,
  now: () => Date,
): CertificateAuthorities => ({
  of: async (uid) => {
    const authority = kept.get(uid) ?? createCertificateAuthority({ commonName: uid, now: now(), days: 90 });
    kept.set(uid, authority);
    return authority;
  },
  remove: async (uid) => void kept.delete(uid),
});
