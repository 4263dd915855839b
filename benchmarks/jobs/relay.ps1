<#
.SYNOPSIS
    From one TCP socket to another, on the loopback: one end sends a file, the other throws away what comes.
#>
param([switch] $Quick)

$size = $Quick ? 16MB : 4GB
$reason = Get-MissingReason python3
if ($reason) { return Get-SkipRecord 'relay' $reason }
Use-Place tmpfs {
    param($place)
    $source = "$($place.Folder)/source"
    Write-RandomFile $source $size
    $ends = Get-End $place.Folder $source
    Measure-Case "$(Format-Size $size) from socket to socket" -FileSystem $place.FileSystem -Bytes $size @(
        @{ Name = 'Copy-StreamZeroCopy'; Ours = $true; Script = {
                $from = Connect-Socket $ends.feed.tcp
                $to = Connect-Socket $ends.sink.tcp
                $null = Copy-StreamZeroCopy $from $to
                Complete-Sending $to
                $from.Dispose()
            }
        }
        @{ Name = 'Stream.CopyToAsync'; Script = {
                $from = Connect-Socket $ends.feed.tcp
                $to = Connect-Socket $ends.sink.tcp
                [Net.Sockets.NetworkStream]::new($from).CopyToAsync([Net.Sockets.NetworkStream]::new($to)).GetAwaiter().GetResult()
                Complete-Sending $to
                $from.Dispose()
            }
        }
        @{ Name = 'Python splice'; Python = 'relay', $ends.feed.tcp, $ends.sink.tcp }
    )
}
