"""Copies the wanted members of wheels into a folder: unpack-wheel.py FOLDER PATTERN[,PATTERN...] WHEEL...

A wheel is read member by member (the CUDA ones hold gigabytes that nobody wants), each checked by its CRC as it is read.
Prints the wheel's requirements for the extra `and-cuda`, where it has any, as lines `requires NAME SPECIFIER`.
"""

import fnmatch
import os
import re
import shutil
import sys
import zipfile

folder, patterns, *wheels = sys.argv[1:]
for wheel in wheels:
    count = 0
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            if member.filename.endswith(".dist-info/METADATA"):
                for line in archive.read(member).decode().splitlines():
                    match = re.match(r"Requires-Dist: ([\w.-]+)\s*([^;]*?)\s*;.*extra == ['\"]and-cuda['\"]", line)
                    if match:
                        print("requires", match[1], match[2].strip("() "))
            wanted = any(fnmatch.fnmatchcase(member.filename, pattern) for pattern in patterns.split(","))
            if member.is_dir() or not wanted:
                continue
            target = os.path.join(folder, member.filename)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with archive.open(member) as source, open(target, "wb") as sink:
                shutil.copyfileobj(source, sink, 2**22)
            os.chmod(target, (member.external_attr >> 16) & 0o777 or 0o644)
            count += 1
    if count == 0:
        sys.exit(f"{wheel}: no member matches {patterns}")
