# Sourced by scripts that install from registries: npm and pip trust lists of
# their own unless told; this adds what the system trusts, such as the
# certificate of a company's proxy. What the caller has set stays.
if [ -r /etc/ssl/certs/ca-certificates.crt ]; then
  export NODE_EXTRA_CA_CERTS="${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}"
  export PIP_CERT="${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt}"
fi
