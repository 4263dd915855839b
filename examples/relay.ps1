<#
.SYNOPSIS
    Listens on a port, and relays each connection to a port of another host.

.DESCRIPTION
    Bytes go from socket to socket inside the kernel, in both directions, without passing through PowerShell. When one peer
    shuts down its sending direction, the other one receives that, and can still send. Ctrl+C stops the script and all
    connections.

.EXAMPLE
    ./relay.ps1 8080 db1 5432

.EXAMPLE
    ./relay.ps1 8080 db1 5432 -Address 0.0.0.0 -IdleTimeout 600
#>
#requires -Version 7.4
#requires -Modules Splice
[CmdletBinding()]
param(
    # The port to listen on; 0 selects a free one.
    [Parameter(Mandatory, Position = 0)]
    [ValidateRange(0, 65535)]
    [int] $Port,

    # The host to relay to.
    [Parameter(Mandatory, Position = 1)]
    [string] $TargetHost,

    # The port of that host.
    [Parameter(Mandatory, Position = 2)]
    [ValidateRange(1, 65535)]
    [int] $TargetPort,

    # The address to listen on. Default: the loopback address.
    [ipaddress] $Address = [ipaddress]::Loopback,

    # Maximum number of seconds without bytes in a direction.
    [ValidateRange(1, 86400)]
    [int] $IdleTimeout = 3600,

    # Number of connections before the script ends; 0 for unlimited.
    [int] $Connections
)

$ErrorActionPreference = 'Stop'
$relay = {
    param([Net.Sockets.Socket] $Client, [string] $TargetHost, [int] $TargetPort, [int] $IdleTimeout, [string] $Module)
    $server = [Net.Sockets.Socket]::new('Stream', 'Tcp')
    try {
        # Connect would block Ctrl+C.
        $connecting = $server.ConnectAsync($TargetHost, $TargetPort)
        while (-not $connecting.AsyncWaitHandle.WaitOne(50)) { }
        try {
            $null = $connecting.GetAwaiter().GetResult()
        }
        catch [Net.Sockets.SocketException] {
            throw "$TargetHost port ${TargetPort}: $($_.Exception.Message)"
        }

        @{ From = $Client; To = $server }, @{ From = $server; To = $Client } | ForEach-Object -Parallel {
            # A new runspace does not have the modules that the session has imported.
            Import-Module $using:Module
            Copy-StreamZeroCopy $_.From $_.To -CloseDestination -IdleTimeout $using:IdleTimeout
        }
    }
    finally {
        $Client.Dispose()
        $server.Dispose()
    }
}

# Emits results, and writes errors as warnings.
function Write-Result {
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
    Write-Verbose "Listening on $($listener.LocalEndpoint)."
    for ($accepted = 0; -not $Connections -or $accepted -lt $Connections) {
        # AcceptSocket would block Ctrl+C.
        while (-not $listener.Pending()) {
            Start-Sleep -Milliseconds 50
            Write-Result
        }

        $client = $listener.AcceptSocket()
        $accepted++
        $jobs.Add((Start-ThreadJob $relay -ArgumentList $client, $TargetHost, $TargetPort, $IdleTimeout, (Get-Module Splice).Path -ThrottleLimit 1000))
    }

    $null = $jobs | Wait-Job
    Write-Result
}
finally {
    $listener.Stop()
    $jobs | Remove-Job -Force
}
