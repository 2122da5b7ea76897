from typing import Any, Mapping, Optional, overload

SHIPS: int

class Writer:
    id: str
    folder: str
    step: Optional[int]
    is_open: bool
    def __init__(self, *, dir: Optional[str] = None,
                 project: Optional[str] = None, id: Optional[str] = None,
                 name: Optional[str] = None, group: Optional[str] = None,
                 parent: Optional[str] = None, notes: Optional[str] = None,
                 device: Optional[str] = None, url: Optional[str] = None,
                 rank: int = 0, world_size: int = 0, disk_bytes_max: int = 0,
                 segment_bytes: int = 0, buffered: bool = False,
                 quiet: bool = False) -> None: ...
    @overload
    def log(self, data: Mapping[str, Any], /, step: Any = None) -> None: ...
    @overload
    def log(self, name: str, value: Any, /, step: Any = None) -> None: ...
    def _observe(self, values: "dict[str, Any]") -> None: ...
    def _note(self, key: str, json: str, is_tag: bool) -> None: ...
    def _write_event(self, kind: str, name: Optional[str], step: Any,
                     detail: Optional[str]) -> None: ...
    def _write_evaluation(self, task: str, metric: str, value: Any,
                          error: Any, n: int, step: Any,
                          version: Optional[str], filter: Optional[str],
                          subset: Optional[str], model: Optional[str],
                          stage: Optional[str], cost: float,
                          higher: int) -> None: ...
    def _restart(self, step: Any) -> None: ...
    def _close(self, how: int) -> None: ...
    def _count(self) -> "dict[str, Any]": ...
