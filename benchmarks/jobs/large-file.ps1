<#
.SYNOPSIS
    One file in the page cache, from 4 KiB to 4 GiB, into a new file.
#>
param([switch] $Quick)

$sizes = $Quick ? (4KB, 1MB, 16MB) : (4KB, 16KB, 64KB, 256KB, 1MB, 4MB, 16MB, 64MB, 256MB, 1GB, 4GB)
Use-Place ext4, xfs, tmpfs {
    param($place)
    $source = "$($place.Folder)/source"
    $target = "$($place.Folder)/target"
    foreach ($size in $sizes) {
        $case = Format-Size $size
        if (-not (Test-Room $place.Folder (2 * $size))) {
            Get-RoomRecord $case $place
            continue
        }

        # What takes a few milliseconds is done several times, so that who is called by a script does not pay for the call of it.
        $repeat = $Quick ? 2 : [Math]::Clamp(64MB / $size, 1, 32)
        # The larger, the longer it takes: from 256 MiB up only those that the kernel is asked by in different ways; cp calls
        # copy_file_range.
        $names = if ($size -ge 256MB) { 'cp', 'File.Copy', 'Python sendfile' }
        $targets = @(
            if ($place.FileSystem -in 'ext4', 'tmpfs') {
                if ($size -ge 1MB) { @{ Id = '1'; Peer = Get-FastPeer; AtMost = 1.02 } }
                if ($size -lt 64KB) { @{ Id = '1b'; Peer = 'Copy-Item'; AtMost = 0.5 } }
            }
        )
        Write-RandomFile $source $size
        $copies = 0..($repeat - 1) | ForEach-Object { "$target.$_" }
        $more = @{ FileSystem = $place.FileSystem; Bytes = $size; Memory = $size * $repeat; Repeat = $repeat; Target = $targets }
        Measure-Case $case (Get-CopyContestant $source "$target.{0}" $names) @more -Before { Clear-File $copies }
        Clear-File @($source; $copies)
    }
}
