<#
.SYNOPSIS
    What a call costs: a file of 0 bytes, over and over, in one session.
#>
param([switch] $Quick)

$repeat = $Quick ? 20 : 500
Use-Place tmpfs {
    param($place)
    $source = "$($place.Folder)/source"
    $target = "$($place.Folder)/target"
    [IO.File]::WriteAllBytes($source, @())
    $more = @{ FileSystem = $place.FileSystem; Repeat = $repeat; Target = @{ Id = '7'; Peer = 'Copy-Item'; AtMost = 0.25 } }
    Measure-Case '0 bytes, a new file' (Get-CopyContestant $source "$target.{0}") @more -Before {
        Clear-File (0..($repeat - 1) | ForEach-Object { "$target.$_" })
    }
    Measure-Case '0 bytes over a file' (Get-CopyContestant $source $target) @more
}
