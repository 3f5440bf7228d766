"""Why a certificate is not trusted, by OpenSSL's error number."""

from __future__ import annotations

from drivers.reason import Reason

NOT_YET, EXPIRED = 9, 10  # X509_V_ERR_... of OpenSSL's x509_vfy.h, as those below
NAME_DIFFERS = 62, 63, 64  # host name, mail address, IP address
_SELF_SIGNED = Reason("self_signed", "it is signed by itself")
_NO_ISSUER = Reason("issuer_unknown", "its issuer is not known here")
_RUN_OUT = Reason("has_run_out", "it has expired")
_NOT_YET = Reason("not_valid_yet", "it is not valid yet: is this box's date right?")
_OTHERS = Reason("is_anothers", "it is for another host")
_WEAK = Reason("too_weak", "its key or its signature is too weak")
_DISTRUST = {
    NOT_YET: _NOT_YET,
    EXPIRED: _RUN_OUT,
    **dict.fromkeys(NAME_DIFFERS, _OTHERS),
    **dict.fromkeys((18, 19), _SELF_SIGNED),
    **dict.fromkeys((66, 67, 68), _WEAK),
    **dict.fromkeys((2, 20, 21), _NO_ISSUER),  # the chain does not lead to a trusted CA
}


def distrust(number: int) -> Reason:
    """Return what is wrong with a certificate, by the number with which it is refused (`verify_code`)."""
    return _DISTRUST.get(number) or Reason("verify_code", "OpenSSL's code {number}", number=number)
