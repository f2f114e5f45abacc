/**
 * A self-signed certificate for tests: `*.example.com`, `*.wild.example.com` and the hosts of three providers, valid
 * for a hundred years. Nothing outside of tests trusts it, so that its key is no secret.
 */

/** PEM; also the root that verifies it. */
export const testCertificatePem = `-----BEGIN CERTIFICATE-----
MIICIDCCAcagAwIBAgIUTDGpdiv9mIUEGSyjwmHiA1IHkuUwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOY2xyayB0ZXN0IGxlYWYwIBcNMjYxMTI0MDMzNjI1WhgPMjEy
NjEwMzEwMzM2MjVaMBkxFzAVBgNVBAMMDmNscmsgdGVzdCBsZWFmMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEdkgW31iRxhBG/DOyBMHmn1tA0PdQvWR7hyVI471e
oCG0bvEgYUJK+JLEgi0LdBLkmYil+qtxYZ8JP5ZNsbUBH6OB6TCB5jAdBgNVHQ4E
FgQU7Nf1A9uhR7V2se78dxCIQqMv3cIwHwYDVR0jBBgwFoAU7Nf1A9uhR7V2se78
dxCIQqMv3cIwDwYDVR0TAQH/BAUwAwEB/zB+BgNVHREEdzB1gg0qLmV4YW1wbGUu
Y29tghIqLndpbGQuZXhhbXBsZS5jb22CDmFwaS5vcGVuYWkuY29tghFhcGkuYW50
aHJvcGljLmNvbYInYmVkcm9jay1ydW50aW1lLnVzLWVhc3QtMS5hbWF6b25hd3Mu
Y29thwR/AAABMBMGA1UdJQQMMAoGCCsGAQUFBwMBMAoGCCqGSM49BAMCA0gAMEUC
IHYC4hqj2NeygbNeAWFLSQWsBvzyPh/o/peLDMOHbVCFAiEA2Ob9Kfkg0j1KQhVy
aFrAKxTInlsfkOYGQLpEiFXGnlk=
-----END CERTIFICATE-----
`;

/** PEM, PKCS#8. */
export const testPrivateKeyPem = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgYmb2G0f2nRhSHO77
czzPcyeRkaWixUrnjkpZ06LGEzGhRANCAAR2SBbfWJHGEEb8M7IEweafW0DQ91C9
ZHuHJUjjvV6gIbRu8SBhQkr4ksSCLQt0EuSZiKX6q3Fhnwk/lk2xtQEf
-----END PRIVATE KEY-----
`;
