<#
.SYNOPSIS
    A file over another of the same size, which is on the disk. Here the old one survives until the new one is complete.
#>
param([switch] $Quick)

$size = $Quick ? 16MB : 1GB
Use-Place ext4, xfs, tmpfs {
    param($place)
    $source = "$($place.Folder)/source"
    $target = "$($place.Folder)/target"
    if (-not (Test-Room $place.Folder (3 * $size))) { return Get-SkipRecord 'overwrite' "there is no room for three files on $($place.FileSystem)" }
    Write-RandomFile $source $size
    Write-RandomFile $target $size
    Measure-Case "$(Format-Size $size) over a file" (Get-CopyContestant $source $target) -FileSystem $place.FileSystem -Bytes $size -Target @{ Id = '6'; Peer = 'cp'; AtMost = 1.05 } -Before {
        sync --file-system $target
    }
    Clear-File $source, $target
}
