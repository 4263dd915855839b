BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
}

Describe 'Join-ItemZeroCopy' {
    BeforeEach {
        $script:folder = (New-Item -ItemType Directory "$TestDrive/$([guid]::NewGuid())").FullName
        $script:content = Get-TestByte 50000
        [IO.File]::WriteAllBytes("$folder/disk.img", $content)
        Push-Location $folder
        $null = New-Item -ItemType Directory parts
    }

    AfterEach { Pop-Location }

    It 'join in the order of the pipeline, and a wildcard in the order of the names' {
        Set-Content 10, 9, B, a -Value x
        10, 9, 'B', 'a' | ForEach-Object { [IO.File]::WriteAllText("$folder/$_", $_) }
        '9', '10', 'B' | Join-ItemZeroCopy -Destination whole
        Get-Content whole -Raw | Should -BeExactly '910B'
        Get-Item B, 9 | Join-ItemZeroCopy -Destination whole
        Get-Content whole -Raw | Should -BeExactly 'B9'
        Join-ItemZeroCopy '[19aB]*' whole
        Get-Content whole -Raw | Should -BeExactly '910Ba'
        Join-ItemZeroCopy '[aB]', '[19]*' whole
        Get-Content whole -Raw | Should -BeExactly 'Ba910'
        Join-ItemZeroCopy a, '[19B]*' whole
        Get-Content whole -Raw | Should -BeExactly 'a910B'
    }

    It 'join parts whose numbers have no zeros before them, and tell where the order is another' {
        $warnings = @()
        $null = Split-ItemZeroCopy disk.img parts -PartCount 12 -NameFormat '{0}.{1}' -WarningVariable warnings -WarningAction SilentlyContinue
        $warnings | Should -HaveCount 1
        $warnings[0] | Should -BeLike '*do not sort*'
        $null = Join-ItemZeroCopy parts/disk.img.* whole -WarningVariable warnings -WarningAction SilentlyContinue
        $warnings | Should -BeNullOrEmpty
        Assert-Content "$folder/whole" $content
        $null = Get-ChildItem parts | Sort-Object Name | Join-ItemZeroCopy -Destination whole -WarningVariable warnings -WarningAction SilentlyContinue
        $warnings | Should -HaveCount 1
        $warnings[0] | Should -BeLike '*not in the order of their numbers*'
    }

    It 'tell where files cannot be parts of one cut' {
        $null = Split-ItemZeroCopy disk.img parts -PartCount 8
        $null = New-Item -ItemType Directory other
        $null = Split-ItemZeroCopy disk.img other -PartCount 4
        Copy-Item other/* parts
        $null = Join-ItemZeroCopy parts/* whole -WarningVariable warnings -WarningAction SilentlyContinue
        $warnings | Should -HaveCount 1
        $warnings[0] | Should -BeLike '*may differ from it*'
    }

    It 'join nothing without a part between others, except with -Force' {
        $null = Split-ItemZeroCopy disk.img parts -PartCount 3
        Remove-Item parts/disk.img.002
        $failure = Get-Failure { Join-ItemZeroCopy parts/disk.img.* whole }
        Assert-Failure $failure 'MissingPart,Splice.Commands.JoinItemZeroCopyCommand' ObjectNotFound "$folder/parts/disk.img.002" 'Nothing was written', '-Force'
        'whole' | Should -Not -Exist
        (Get-Failure { Join-ItemZeroCopy parts/disk.img.* whole -WhatIf }).FullyQualifiedErrorId | Should -Be 'MissingPart,Splice.Commands.JoinItemZeroCopyCommand'
        (Join-ItemZeroCopy parts/disk.img.* whole -Force -WarningVariable warnings -WarningAction SilentlyContinue).FileCount | Should -Be 2
        $warnings | Should -BeLike "*between '$folder/parts/disk.img.001' and '$folder/parts/disk.img.003' is missing*"
    }

    It 'join nothing with a file that is not a part, except with -Force; the recommended pattern joins the parts' {
        $null = Split-ItemZeroCopy disk.img parts -PartCount 3
        Set-Content parts/disk.img.sha256 hashes -NoNewline
        $failure = Get-Failure { Join-ItemZeroCopy parts/disk.img.* whole }
        Assert-Failure $failure 'NotAPart,Splice.Commands.JoinItemZeroCopyCommand' InvalidArgument "$folder/parts/disk.img.sha256" `
            "'$folder/parts/disk.img.sha256' is not a part of 'disk.img'. Nothing was written", '-Force'
        'whole' | Should -Not -Exist
        (Get-Failure { Join-ItemZeroCopy parts/disk.img.* whole -WhatIf }).FullyQualifiedErrorId | Should -Be 'NotAPart,Splice.Commands.JoinItemZeroCopyCommand'
        $failure.ErrorDetails.RecommendedAction -match "as '(.+)', or" | Should -BeTrue
        (Join-ItemZeroCopy $Matches[1] whole).FileCount | Should -Be 3
        Assert-Content "$folder/whole" $content
        (Join-ItemZeroCopy parts/disk.img.* whole -Force -WarningVariable warnings -WarningAction SilentlyContinue).FileCount | Should -Be 4
        $warnings | Should -BeLike "*disk.img.sha256' is not a part of 'disk.img'*"
    }

    It 'join nothing when a part is missing: <_>' -ForEach 'gone', 'gone*', 'env:/x' {
        { Join-ItemZeroCopy disk.img, $_ whole -ErrorAction Stop } | Should -Throw -ExceptionType ([IO.IOException])
        Join-ItemZeroCopy disk.img, $_ whole -ErrorAction SilentlyContinue
        'whole' | Should -Not -Exist
    }

    It 'say what is wrong: <Id>' -ForEach @(
        @{ Id = 'SameFile'; Category = 'InvalidOperation'; Call = { Join-ItemZeroCopy disk.img, disk.img disk.img } }
        @{ Id = 'EndlessSource'; Category = 'InvalidArgument'; Call = { Join-ItemZeroCopy disk.img, /dev/zero whole } }
        @{ Id = 'DestinationExists'; Category = 'ResourceExists'; Call = { Join-ItemZeroCopy disk.img parts/disk.img -NoClobber; Join-ItemZeroCopy disk.img parts/disk.img -NoClobber } }
    ) {
        $failure = Get-Failure $Call
        $failure.FullyQualifiedErrorId | Should -Match "^$Id,Splice.Commands"
        $failure.CategoryInfo.Category | Should -Be $Category
        Assert-Content "$folder/disk.img" $content
        Get-ChildItem parts -Filter 'disk.img.0*' | Should -BeNullOrEmpty
    }
}
