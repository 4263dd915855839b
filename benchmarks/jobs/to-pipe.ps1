<#
.SYNOPSIS
    A file in the page cache into a FIFO of 1 MiB, whose reader throws away what comes.
#>
param([switch] $Quick)

$size = $Quick ? 16MB : 4GB
$reason = Get-MissingReason python3
if ($reason) { return Get-SkipRecord 'file to pipe' $reason }
Use-Place tmpfs {
    param($place)
    $source = "$($place.Folder)/source"
    Write-RandomFile $source $size
    $fifo = (Get-End $place.Folder).fifos[0]
    Measure-Case "$(Format-Size $size) to a pipe" -FileSystem $place.FileSystem -Bytes $size -Memory 0 -Target @{ Id = '13'; Peer = 'pv'; AtMost = 1.0 } @(
        @{ Name = 'Copy-StreamZeroCopy'; Ours = $true; Script = { Copy-StreamZeroCopy $source $fifo } }
        @{ Name = 'cat'; Command = 'bash', '-c', 'cat "$0" > "$1"', $source, $fifo }
        @{ Name = 'pv'; Command = 'bash', '-c', 'pv -q "$0" > "$1"', $source, $fifo; Needs = 'pv' }
        @{ Name = 'dd bs=1M'; Command = 'dd', "if=$source", "of=$fifo", 'bs=1M', 'status=none', 'conv=notrunc' }
        @{ Name = 'Stream.CopyTo'; Script = {
                $in = [IO.File]::OpenRead($source)
                $out = [IO.File]::OpenWrite($fifo)
                $in.CopyTo($out)
                $out.Dispose()
                $in.Dispose()
            }
        }
        @{ Name = 'Python splice'; Python = 'splice', $source, $fifo }
        @{ Name = 'Python sendfile'; Python = 'sendfile', $source, $fifo }
    )
}
