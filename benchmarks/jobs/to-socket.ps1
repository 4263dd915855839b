<#
.SYNOPSIS
    A file in the page cache to a TCP socket on the loopback and to a Unix socket, whose other ends throw away what comes.
#>
param([switch] $Quick)

$size = $Quick ? 16MB : 4GB
$reason = Get-MissingReason python3
if ($reason) { return Get-SkipRecord 'file to socket' $reason }
Use-Place tmpfs {
    param($place)
    $source = "$($place.Folder)/source"
    Write-RandomFile $source $size
    $ends = Get-End $place.Folder
    foreach ($kind in @{ Name = 'TCP'; Address = $ends.sink.tcp }, @{ Name = 'a Unix socket'; Address = $ends.sink.unix }) {
        Measure-Case "$(Format-Size $size) to $($kind.Name)" -FileSystem $place.FileSystem -Bytes $size @(
            @{ Name = 'Copy-StreamZeroCopy'; Ours = $true; Script = {
                    $socket = Connect-Socket $kind.Address
                    $null = Copy-StreamZeroCopy $source $socket
                    Complete-Sending $socket
                }
            }
            @{ Name = 'Stream.CopyToAsync'; Script = {
                    $socket = Connect-Socket $kind.Address
                    $file = [IO.File]::OpenRead($source)
                    $file.CopyToAsync([Net.Sockets.NetworkStream]::new($socket)).GetAwaiter().GetResult()
                    $file.Dispose()
                    Complete-Sending $socket
                }
            }
            @{ Name = 'Socket.SendFile'; Script = {
                    $socket = Connect-Socket $kind.Address
                    $socket.SendFile($source)
                    Complete-Sending $socket
                }
            }
            @{ Name = 'Python sendfile'; Python = 'send', $source, $kind.Address }
        )
    }
}
