<#
.SYNOPSIS
    Splits a file into parts for a FAT32 medium, with a list of their checksums.

.DESCRIPTION
    FAT32 takes files below 4 GiB. The parts get their names once the last one is complete, and the script returns when the
    medium has them. The file NAME.sha256 beside them is for sha256sum, which also reports a missing last part. To verify and join
    the parts on any Linux system, or with Splice:

        cd /media/usb && sha256sum -c disk.img.sha256 && cat disk.img.[0-9]* > /srv/disk.img
        cd /media/usb && sha256sum -c disk.img.sha256 && Join-ItemZeroCopy disk.img.[0-9]* /srv/disk.img

    Emits an object for each part, with its hash.

.EXAMPLE
    ./split-for-fat32.ps1 disk.img /media/usb

.EXAMPLE
    ./split-for-fat32.ps1 disk.img /media/usb -PartSize 1GB
#>
#requires -Version 7.4
#requires -Modules Splice
[CmdletBinding()]
param(
    # The file to split.
    [Parameter(Mandatory, Position = 0)]
    [string] $Path,

    # A folder of the medium.
    [Parameter(Mandatory, Position = 1)]
    [string] $Destination,

    # Size of each part except the last one, in bytes.
    [ValidateRange(1, 4294967295)]
    [long] $PartSize = 4095MB
)

$ErrorActionPreference = 'Stop'
$file = Get-Item -LiteralPath $Path
$parts = Split-ItemZeroCopy -LiteralPath $file.FullName -Destination $Destination -PartSize $PartSize -Flush | ForEach-Object {
    [pscustomobject]@{ Name = $_.Name; Length = $_.Length; Hash = (Get-FileHash -LiteralPath $_.FullName).Hash.ToLowerInvariant() }
}

$list = Join-Path (Convert-Path -LiteralPath $Destination) "$($file.Name).sha256"
$parts | ForEach-Object { "$($_.Hash)  $($_.Name)" } | Set-Content -LiteralPath $list
sync $list
$parts
