"""_system.py - processor, memory and NVIDIA devices, in one light thread."""
# SPDX-License-Identifier: Apache-2.0
import ctypes
import os
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any, Dict, Tuple

if TYPE_CHECKING:
    from ._run import Run

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


class _Utilization(ctypes.Structure):
    _fields_ = [("gpu", ctypes.c_uint), ("memory", ctypes.c_uint)]


class _Memory(ctypes.Structure):
    _fields_ = [("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong),
                ("used", ctypes.c_ulonglong)]


class Nvidia:
    """The driver's own library, when it is there."""

    def __init__(self) -> None:
        self.devices: "list[ctypes.c_void_p]" = []
        try:
            self.library = ctypes.CDLL("libnvidia-ml.so.1")
            if self.library.nvmlInit_v2() != 0:
                return
            count = ctypes.c_uint()
            self.library.nvmlDeviceGetCount_v2(ctypes.byref(count))
            for index in range(min(count.value, 64)):
                device = ctypes.c_void_p()
                if self.library.nvmlDeviceGetHandleByIndex_v2(
                        index, ctypes.byref(device)) == 0:
                    self.devices.append(device)
        except (OSError, AttributeError):
            self.devices = []

    def read(self) -> Dict[str, float]:
        """Of each device what it answers."""
        out: Dict[str, float] = {}
        ask: Any = getattr(self, "library", None)
        for index, device in enumerate(self.devices):
            top = f"system/gpu.{index}/"
            use, memory = _Utilization(), _Memory()
            number = ctypes.c_uint()
            if ask.nvmlDeviceGetUtilizationRates(device,
                                                 ctypes.byref(use)) == 0:
                out[top + "utilization"] = use.gpu / 100
            if ask.nvmlDeviceGetMemoryInfo(device, ctypes.byref(memory)) == 0:
                out[top + "memory_bytes"] = memory.used
            if ask.nvmlDeviceGetPowerUsage(device, ctypes.byref(number)) == 0:
                out[top + "power_watts"] = number.value / 1000
            if ask.nvmlDeviceGetTemperature(device, 0,
                                            ctypes.byref(number)) == 0:
                out[top + "celsius"] = number.value
        return out


def _processor() -> Tuple[float, float]:
    """(busy, all) ticks of the machine."""
    with open("/proc/stat", encoding="ascii") as file:
        ticks = [float(t) for t in file.readline().split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def _memory() -> float:
    """Bytes of the machine in use."""
    rows = {}
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            key, _, rest = line.partition(":")
            rows[key] = float(rest.split()[0]) * 1024
            if key == "MemAvailable":
                break
    return rows["MemTotal"] - rows["MemAvailable"]


class SystemMetrics:
    """Logs every so many seconds at the step that the run is at."""

    def __init__(self, run: "Run", seconds: float) -> None:
        self._run = weakref.ref(run)
        self._seconds = max(0.05, seconds)
        self._end = threading.Event()
        self._pid = os.getpid()
        self._before: "Tuple[float, float, float, float]" = (0, 0, 0, 0)
        self._thread = threading.Thread(target=self._work, daemon=True,
                                        name="knotmeter-system")
        self._thread.start()

    def stop(self) -> None:
        """It ends by itself; nobody waits for it."""
        self._end.set()

    def _read(self, devices: Nvidia) -> "Dict[str, Any]":
        busy, every = _processor()
        now, mine = time.monotonic(), time.process_time()
        before, self._before = self._before, (busy, every, now, mine)
        with open("/proc/self/statm", encoding="ascii") as file:
            resident = float(file.read().split()[1]) * _PAGE
        out: "Dict[str, Any]" = {"system/memory_bytes": _memory(),
                                 "system/process/memory_bytes": resident}
        if every > before[1] > 0:
            out["system/cpu"] = (busy - before[0]) / (every - before[1])
            out["system/process/cpu_cores"] = ((mine - before[3])
                                               / max(1e-9, now - before[2]))
        out.update(devices.read())
        return out

    def _work(self) -> None:
        try:
            devices = Nvidia()
            self._read(devices)
            while not self._end.wait(self._seconds):
                run = self._run()
                if run is None or not run.is_open or os.getpid() != self._pid:
                    return
                run._observe(self._read(devices))
                del run
        except Exception:  # no /proc, no permission: no system metrics
            return
