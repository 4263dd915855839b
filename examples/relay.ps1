<#
.SYNOPSIS
    Listens at a port, and relays each connection to another host's.

.DESCRIPTION
    Bytes go from socket to socket inside the kernel, both ways at once, and none of them passes through PowerShell. When
    one side has sent everything, the other hears of it, and can still answer. Ctrl+C ends the script and all connections.

.EXAMPLE
    ./relay.ps1 8080 db1 5432

.EXAMPLE
    ./relay.ps1 8080 db1 5432 -Address 0.0.0.0 -IdleTimeout 600
#>
#requires -Version 7.4
#requires -Modules Splice
[CmdletBinding()]
param(
    # The port to listen at; 0 takes a free one.
    [Parameter(Mandatory, Position = 0)]
    [ValidateRange(0, 65535)]
    [int] $Port,

    # The host to relay to.
    [Parameter(Mandatory, Position = 1)]
    [string] $TargetHost,

    # Its port.
    [Parameter(Mandatory, Position = 2)]
    [ValidateRange(1, 65535)]
    [int] $TargetPort,

    # The address to listen at: this machine alone, unless another is given.
    [ipaddress] $Address = [ipaddress]::Loopback,

    # How many seconds a direction may be silent.
    [ValidateRange(1, 86400)]
    [int] $IdleTimeout = 3600,

    # How many connections to serve before the script ends; 0 for no limit.
    [int] $Connections
)

$ErrorActionPreference = 'Stop'
$relay = {
    param([Net.Sockets.Socket] $Client, [Net.Sockets.Socket] $Server, [int] $IdleTimeout)
    try {
        @{ From = $Client; To = $Server }, @{ From = $Server; To = $Client } | ForEach-Object -Parallel {
            Copy-StreamZeroCopy $_.From $_.To -CloseDestination -IdleTimeout $using:IdleTimeout
        }
    }
    finally {
        $Client.Dispose()
        $Server.Dispose()
    }
}

# A result is worth a line in the log, an error a warning, and neither ends the others.
function Write-Outcome {
    foreach ($job in @($jobs | Where-Object State -In Completed, Failed, Stopped)) {
        Receive-Job $job -ErrorVariable failures -ErrorAction SilentlyContinue
        $failures | ForEach-Object { Write-Warning $_.Exception.Message }
        Remove-Job $job
        $null = $jobs.Remove($job)
    }
}

$jobs = [Collections.Generic.List[object]]::new()
$listener = [Net.Sockets.TcpListener]::new($Address, $Port)
$listener.Start()
try {
    Write-Verbose "Listening at $($listener.LocalEndpoint)."
    for ($served = 0; -not $Connections -or $served -lt $Connections) {
        # Accepting would not hear Ctrl+C.
        while (-not $listener.Pending()) {
            Start-Sleep -Milliseconds 50
            Write-Outcome
        }

        $client = $listener.AcceptSocket()
        $server = [Net.Sockets.Socket]::new('Stream', 'Tcp')
        $served++
        try {
            $server.Connect($TargetHost, $TargetPort)
        }
        catch [Net.Sockets.SocketException] {
            Write-Warning "$TargetHost port ${TargetPort}: $($_.Exception.Message)"
            $client.Dispose()
            $server.Dispose()
            continue
        }

        $jobs.Add((Start-ThreadJob $relay -ArgumentList $client, $server, $IdleTimeout -ThrottleLimit 1000))
    }

    $null = $jobs | Wait-Job
    Write-Outcome
}
finally {
    $listener.Stop()
    $jobs | Remove-Job -Force
}
