"""Modbus RTU frames, framing and CRC by pymodbus' codec, without its client.

pymodbus' client measures time by the wall clock and skips an answer from a wrong address; its codec shows who answered.
Nothing here waits or does I/O.
"""

from __future__ import annotations

import struct

import msgspec
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from drivers.errors import Garbled, WrongDevice
from drivers.reason import Reason

NO_ADDRESSES = b"\x00\xff"
READS = (3, 4)  # holding and input registers
WRITE_ONE, WRITE_SEVERAL = 6, 16
WRITES = (WRITE_ONE, WRITE_SEVERAL)
REQUEST_BYTES = 8  # of a request of registers, and of the acknowledgement of a write
LEAST_READ = 5  # bytes of an answer to a read that holds no register
MOST_BYTES = 256  # an RTU frame's largest size (Modbus over serial line V1.02, 2.5.1)

# Modbus application protocol V1.1b3, section 7. A device that rejects the request itself is not the one that the
# profile describes; the other codes are transient.
EXCEPTIONS = {
    1: Reason("illegal_function", "illegal function"),
    2: Reason("illegal_address", "illegal data address"),
    3: Reason("illegal_value", "illegal data value"),
    4: Reason("device_failure", "device failure"),
    5: Reason("still_working", "acknowledge, still working"),
    6: Reason("exception_busy", "device busy"),
    8: Reason("memory_parity", "memory parity error"),
    10: Reason("gateway_path", "gateway path unavailable"),
    11: Reason("gateway_target", "gateway target did not respond"),
}
NOT_THIS_DEVICE = (1, 2, 3)


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A frame with a correct CRC: its sender, its function (bit 7 cleared), the bytes after the function.

    `exception`: the exception's code, 0 if it is none; `end`: the offset of the frame's end in the bytes.
    """

    address: int
    function: int
    body: bytes
    exception: int
    end: int


class Codec:
    """Builds requests and finds answers."""

    def __init__(self) -> None:
        decoder = DecodePDU(False)
        # Answers have only these four functions. pymodbus derives a frame's size from the function code, so that a
        # corrupt byte before a frame could otherwise be taken for another function.
        decoder.pdu_table = {code: decoder.pdu_table[code] for code in (*READS, *WRITES)}
        self._framer = FramerRTU(decoder)

    def read_request(self, address: int, function: int, start: int, count: int) -> bytes:
        """Return the 8 bytes that request `count` registers from `start` by function 3 or 4."""
        kind = ReadHoldingRegistersRequest if function == 3 else ReadInputRegistersRequest
        return self._framer.buildFrame(kind(address=start, count=count, dev_id=address))

    def write_request(self, address: int, function: int, register: int, value: int) -> bytes:
        """Return the bytes that write one register by function 6 or 16."""
        kind = WriteSingleRegisterRequest if function == WRITE_ONE else WriteMultipleRegistersRequest
        return self._framer.buildFrame(kind(address=register, registers=[value], dev_id=address))

    def find(self, data: bytes) -> Answer | None:
        """Return the first answer in `data`; None while it may be incomplete. Raise Garbled if its CRC is wrong.

        Leading 00 and ff are skipped: they appear while the line's drivers change direction, and no device may have
        these addresses.
        """
        if _is_one_read(data):
            return Answer(data[0], data[1], data[2:-2], 0, len(data))
        lead = len(data) - len(data.lstrip(NO_ADDRESSES))
        used, address, _, pdu = self._framer.decode(data[lead:])
        if not used:
            if len(data) > MOST_BYTES:
                raise Garbled(Reason("no_frame_among", "{count} bytes and no frame among them", count=len(data)))
            return None
        if not pdu:
            raise Garbled(Reason("checksum_wrong", "checksum wrong: {bytes}", bytes=data[:16].hex(" ")))
        end = data.index(bytes([address]) + pdu, lead) + len(pdu) + 3
        exception = pdu[1] if pdu[0] & 0x80 else 0
        return Answer(address, pdu[0] & 0x7F, pdu[1:], exception, end)


def _is_one_read(data: bytes) -> bool:
    """Return whether the bytes are exactly one answer to a read, as they mostly are: then no search is needed.

    Also from address 0 or 255, which no device may have, but some do: the checksum decides.
    """
    return len(data) >= LEAST_READ and data[1] in READS and data[2] + LEAST_READ == len(data) and crc_fits(data)


def answer_bytes(count: int) -> int:
    """Return the length of an answer with so many registers."""
    return 5 + 2 * count


def requests_in(data: bytes) -> list[int]:
    """Return the addresses of the complete register requests within the bytes, one for each request."""
    starts = range(len(data) - REQUEST_BYTES + 1)
    return [data[at] for at in starts if data[at + 1] in READS and crc_fits(data[at : at + REQUEST_BYTES])]


def crc_fits(frame: bytes) -> bool:
    """Return whether the last two bytes are the CRC of those before."""
    return FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big"))


def registers(answer: Answer, address: int, function: int, count: int) -> tuple[int, ...]:
    """Return the words (0-65535) of an answer to a read. Raise WrongDevice or Garbled if it is not one."""
    check(answer, address, function)
    size = answer.body[0]
    if size != 2 * count:
        raise Garbled(other_length(size, count))
    return struct.unpack_from(f">{count}H", answer.body, 1)


def other_length(size: int, count: int) -> Reason:
    """Return the reason for an answer with `size` bytes of registers to a request of `count` registers."""
    return Reason(
        "other_length",
        "{count} bytes of registers came instead of the {asked} requested",
        count=size,
        asked=2 * count,
    )


def check(answer: Answer, address: int, function: int) -> None:
    """Raise WrongDevice or Garbled unless the answer has that address and function and is no exception."""
    if answer.address != address:
        raise WrongDevice(
            Reason(
                "other_address", "address {found} answered instead of {address}", found=answer.address, address=address
            )
        )
    if answer.function != function:
        raise WrongDevice(
            Reason(
                "other_function",
                "function {found} was answered instead of {function}",
                found=answer.function,
                function=function,
            )
        )
    if answer.exception:
        kind = WrongDevice if answer.exception in NOT_THIS_DEVICE else Garbled
        raise kind(Reason("device_refused", "the device refused: {reason}", reason=exception_reason(answer.exception)))


def exception_reason(number: int) -> Reason:
    """Return the meaning of a Modbus exception."""
    meaning = EXCEPTIONS.get(number) or Reason("exception_of_maker", "a code of the maker's own")
    return Reason("exception", "exception {number}, {meaning}", number=number, meaning=meaning)
