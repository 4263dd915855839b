<#
.SYNOPSIS
    Creates a sparse 256 MiB file, copies it whole and in part, and compares the copies with the source.

.EXAMPLE
    Import-Module Splice
    ./quickstart.ps1
#>
#requires -Version 7.4
#requires -Modules Splice
$ErrorActionPreference = 'Stop'
$folder = (New-Item -ItemType Directory (Join-Path ([IO.Path]::GetTempPath()) "splice-quickstart-$PID")).FullName
try {
    # A disk image: 8 MiB of data every 64 MiB, holes between them, 256 MiB in all.
    $image = "$folder/disk.img"
    truncate --size 256M $image
    foreach ($offset in 0, 64, 128, 192) {
        dd if=/dev/urandom of=$image bs=1M count=8 seek=$offset conv=notrunc status=none
    }

    # The whole image. Holes stay holes.
    Copy-ItemZeroCopy $image "$folder/copy.img"

    # 20 MiB from the middle, to a separate file.
    Copy-ItemZeroCopy $image "$folder/range.bin" -Offset 60MB -Count 20MB

    cmp $image "$folder/copy.img"
    if ($LASTEXITCODE) { throw 'The copy differs from the image.' }
    cmp --ignore-initial 60M:0 --bytes 20M $image "$folder/range.bin"
    if ($LASTEXITCODE) { throw 'The range differs from the image.' }

    $allocated = foreach ($path in $image, "$folder/copy.img") { "$([long](stat --format %b $path) * 512 / 1MB) MiB" }
    "Both copies are identical to the source. The image occupies $($allocated[0]) on the disk, its copy $($allocated[1])."
}
finally {
    Remove-Item $folder -Recurse -Force
}
